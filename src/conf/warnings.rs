//! What `nginx -t` warns of, once the whole configuration is read: it works, but not as it should.

use super::{Handler, SrvConf};
use crate::nginx::command::Conf;
use crate::nginx::location::Server;

/// Warns where a server is not as it should be.
pub(crate) fn warn_of_servers(servers: &[Server<'_>], cf: &mut Conf<'_>) {
    for server in servers {
        server.conf.warn_of_handler(server, cf);
        server.conf.warn_of_strict(server, cf);
    }
}

impl SrvConf {
    /// Warns where the redirects of a pull do not bring the session to its source.
    fn warn_of_strict(&self, server: &Server<'_>, cf: &mut Conf<'_>) {
        let directive = match (self.has_links.get(), self.has_pull()) {
            (true, _) => "shared_session_links",
            (false, true) => "shared_session_pull",
            (false, false) => "shared_session_cookie",
        };
        let Some(session) = self.cookies().map(|cookies| &cookies.session().spec) else { return };
        if self.sites.is_some() && session.is_strict() {
            let (name, file) = (server.name.escape_ascii(), server.file.escape_ascii());
            cf.warn(format_args!(
                "\"{directive}\" of the server \"{name}\" in {file}:{}: Firefox and WebKit do not \
                 send the session of \"shared_session_cookie {} samesite=strict\" on the redirects \
                 of a pull, expected \"samesite=lax\"",
                server.line,
                session.name.escape_ascii()
            ));
        }
    }

    fn warn_of_handler(&self, server: &Server<'_>, cf: &mut Conf<'_>) {
        let name = server.name.escape_ascii();
        let (file, line) = (server.file.escape_ascii(), server.line);
        let prefix = self.prefix().escape_ascii();
        if self.sites.is_none() {
            return;
        }
        match self.handler.get() {
            Handler::Missing => cf.warn(format_args!(
                "\"shared_session_sites\" is in effect, but the server \"{name}\" in {file}:{line} \
                 has no \"location ^~ {prefix} {{ shared_session; }}\""
            )),
            Handler::Plain if server.has_regex_locations => cf.warn(format_args!(
                "\"shared_session\" of the server \"{name}\" in {file}:{line} stands in a location \
                 without \"^~\": a regular expression location may take its requests"
            )),
            Handler::Plain | Handler::NoRegex => {}
        }
    }
}
