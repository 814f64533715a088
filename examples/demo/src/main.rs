//! Three sites on this machine that share a visitor's session.
//!
//! Starts a small application, nginx with the module in front of it, walks through the sites as a
//! visitor's browser would, and prints what happened. With a terminal it then serves until Ctrl-C.
//!
//! Read from the environment: `DEMO_NGINX_MODULE`, the module's file; `DEMO_NGINX_BINARY`, the nginx
//! it was built for (default: `nginx`); `DEMO_PORT`, the sites' port (default: 8080).

mod nginx;
mod page;
mod sites;
mod upstream;
mod visitor;
mod walk;

use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::{env, process, thread};

use nginx::Nginx;
use sites::Sites;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\ndemo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let sites = Sites::on_port(port()?);
    let application = upstream::start(sites)?;
    let nginx = Arc::new(Nginx::start(sites, application)?);
    stop_on_signal(&nginx)?;

    println!("{}: {} in front of one application", nginx.version()?, sites.names().join(", "));
    walk::walk(sites, &nginx)?;
    nginx.check()?;

    if io::stdin().is_terminal() {
        println!("\nNow in a browser, until Ctrl-C:");
        for site in sites.all() {
            println!("  {}/", site.origin());
        }
        println!(
            "The session follows a click on a link in every browser. Where third-party cookies are"
        );
        println!("kept, as Chromium can, it is there ahead: whatever address is typed.");
        loop {
            thread::park();
        }
    }
    Ok(())
}

/// The sites' port, from `DEMO_PORT`.
fn port() -> Result<u16, String> {
    let Some(text) = env::var_os("DEMO_PORT").filter(|text| !text.is_empty()) else {
        return Ok(8080);
    };
    let port = text.to_str().and_then(|text| text.parse().ok()).filter(|&port| port != 0);
    port.ok_or(format!("DEMO_PORT is {text:?}, expected a port number from 1 to 65535"))
}

fn stop_on_signal(nginx: &Arc<Nginx>) -> Result<(), ctrlc::Error> {
    // Weak: else a panic or an error would leave this handler as nginx's last owner, and nginx running.
    let nginx = Arc::downgrade(nginx);
    ctrlc::set_handler(move || {
        if let Some(nginx) = nginx.upgrade() {
            nginx.stop();
        }
        // Nothing to print to is no fault: the terminal may be what has gone.
        let _ = writeln!(io::stdout());
        process::exit(if io::stdin().is_terminal() { 0 } else { 130 });
    })
}
