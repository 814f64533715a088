//! What nginx logged.

use serde_json::{Map, Value};

/// One line of the access log.
#[derive(Clone, Debug)]
pub struct LogLine(Map<String, Value>);

impl LogLine {
    /// `None` when the line is not whole yet.
    pub fn parse(line: &str) -> Option<Self> {
        serde_json::from_str(line).ok().map(Self)
    }

    /// A field: `request`, `status`, `sent`; with the module also `verdict`, `page`, `kind`, `src`,
    /// `dst`, `age` and `was_empty`. A variable without a value is empty.
    pub fn get(&self, field: &str) -> &str {
        let value = self.0.get(field).and_then(Value::as_str);
        value.unwrap_or_else(|| panic!("no field {field} in {:?}", self.0))
    }

    /// `$shared_session_status`.
    pub fn verdict(&self) -> &str {
        self.get("verdict")
    }

    /// `$shared_session_page`.
    pub fn page(&self) -> &str {
        self.get("page")
    }
}

/// The lines of an error log that fail a test: what is wrong with nginx or the module themselves,
/// and workers that died, except where a test has said that it expects them.
pub fn faults<'a>(error_log: &'a str, allowed: &[String]) -> Vec<&'a str> {
    let is_fault = |line: &str| {
        ["[alert]", "[crit]", "[emerg]"].iter().any(|level| line.contains(level))
            || line.contains("exited on signal")
            || line.contains("exited with fatal code")
    };
    let is_allowed = |line: &str| allowed.iter().any(|fragment| line.contains(fragment.as_str()));
    error_log.lines().filter(|line| is_fault(line) && !is_allowed(line)).collect()
}
