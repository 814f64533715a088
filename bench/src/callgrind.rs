//! Reads what callgrind writes ("Callgrind Format Specification" of valgrind's manual): instructions
//! by function.

use std::collections::HashMap;

/// What one file says.
#[derive(Default)]
pub(crate) struct Counts {
    /// All instructions.
    pub(crate) total: u64,
    /// By name: the object, and the instructions of the function and of what it calls.
    functions: HashMap<String, (String, u64)>,
}

impl Counts {
    pub(crate) fn read(text: &str) -> Self {
        let mut counts = Self::default();
        let (mut functions, mut objects) = (Names::default(), Names::default());
        let (mut function, mut object) = (String::new(), String::new());
        let mut is_call = false;
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("fn=") {
                function = functions.resolve(name);
            } else if let Some(name) = line.strip_prefix("cfn=") {
                functions.resolve(name);
            } else if let Some(name) = line.strip_prefix("ob=") {
                object = objects.resolve(name);
            } else if let Some(name) = line.strip_prefix("cob=") {
                objects.resolve(name);
            } else if line.starts_with("calls=") {
                is_call = true;
            } else if line.starts_with(|c: char| c.is_ascii_digit() || "+-*".contains(c)) {
                let cost = line.split(' ').nth(1).and_then(|cost| cost.parse().ok()).unwrap_or(0);
                // The line behind calls= is what the called function cost, all in all.
                if !std::mem::take(&mut is_call) {
                    counts.total += cost;
                }
                let entry = counts.functions.entry(function.clone());
                entry.or_insert_with(|| (object.clone(), 0)).1 += cost;
            }
        }
        counts
    }

    /// The functions of objects whose name holds `object`, most expensive first.
    pub(crate) fn of_object(&self, object: &str) -> Vec<(String, u64)> {
        let those = self.functions.iter().filter(|(_, (of, _))| of.contains(object));
        let mut those: Vec<_> = those.map(|(name, (_, count))| (name.clone(), *count)).collect();
        those.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        those
    }
}

/// A name is written once, `(1) name`, and from then on as `(1)`.
#[derive(Default)]
struct Names(HashMap<String, String>);

impl Names {
    fn resolve(&mut self, text: &str) -> String {
        match text.split_once(' ') {
            Some((id, name)) => {
                self.0.insert(id.to_owned(), name.to_owned());
                name.to_owned()
            }
            None => self.0.get(text).cloned().unwrap_or_else(|| text.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_counts_for_the_caller_and_once_in_the_total() {
        let text = "\
events: Ir
ob=(1) /usr/sbin/nginx
fl=(1) a.c
fn=(1) main
16 400
cob=(2) /module.so
cfl=(2) b.rs
cfn=(2) ours
calls=3 50
+1 120

ob=(2)
fl=(2)
fn=(2)
51 100
fi=(1)
* 20
totals: 520
";
        let counts = Counts::read(text);
        assert_eq!(counts.total, 520);
        assert_eq!(counts.of_object("module"), [("ours".to_owned(), 120)]);
        assert_eq!(counts.of_object("nginx"), [("main".to_owned(), 520)]);
    }
}
