//! Reads what callgrind writes ("Callgrind Format Specification" of valgrind's manual): instructions
//! by function.

use std::collections::HashMap;

/// What one file says.
#[derive(Default)]
pub(crate) struct Counts {
    /// All instructions.
    pub(crate) total: u64,
    functions: HashMap<String, Function>,
}

/// What a function cost.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Function {
    pub(crate) name: String,
    object: String,
    /// Instructions of its own.
    pub(crate) own: u64,
    /// These and those of what it calls.
    pub(crate) inclusive: u64,
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
                let own = if std::mem::take(&mut is_call) { 0 } else { cost };
                let (name, object) = (function.clone(), object.clone());
                let entry = counts.functions.entry(function.clone());
                let entry = entry.or_insert(Function { name, object, own: 0, inclusive: 0 });
                entry.own += own;
                entry.inclusive += cost;
                counts.total += own;
            }
        }
        counts
    }

    /// The functions of objects whose name holds `object`, most expensive first.
    pub(crate) fn of_object(&self, object: &str) -> Vec<Function> {
        let those = self.functions.values().filter(|function| function.object.contains(object));
        let mut those: Vec<_> = those.cloned().collect();
        those.sort_by(|a, b| b.inclusive.cmp(&a.inclusive).then_with(|| a.name.cmp(&b.name)));
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
        let costs = |object| {
            let functions = counts.of_object(object).into_iter();
            functions.map(|f| (f.name, f.own, f.inclusive)).collect::<Vec<_>>()
        };
        assert_eq!(costs("module"), [("ours".to_owned(), 120, 120)]);
        assert_eq!(costs("nginx"), [("main".to_owned(), 400, 520)]);
    }
}
