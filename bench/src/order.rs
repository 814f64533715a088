//! The command line.

use std::path::PathBuf;

pub(crate) const HELP: &str =
    "Usage: shared-session-bench [rates|instructions|memory|pools] [OPTION ...]

rates            requests per second, with wrk (the default)
instructions     instructions per request, under callgrind
memory           what workers keep after many requests
pools            what a request takes from its pool: needs scripts/nginx-1.28 --debug-palloc

--case TEXT      what has TEXT in its title
--rounds N       rounds (7)
--seconds N      of each contender in each round (2)
--quick          2 rounds of 1 second
--requests N     of each kind, for memory (5000000)
--write FILE     puts the tables between their markers in FILE

TEST_NGINX_BINARY and TEST_NGINX_MODULE say which nginx and which module.
";

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Rates,
    Instructions,
    Memory,
    Pools,
}

/// What to do.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) what: What,
    only: String,
    pub(crate) rounds: usize,
    pub(crate) seconds: u64,
    pub(crate) requests: u64,
    pub(crate) write: Option<PathBuf>,
}

impl Order {
    /// # Errors
    /// What is wrong with the words.
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut order = Order {
            what: What::Rates,
            only: String::new(),
            rounds: 7,
            seconds: 2,
            requests: 5_000_000,
            write: None,
        };
        let number = |value: Option<String>, option: &str| {
            let number = value.and_then(|value| value.parse::<u64>().ok()).filter(|n| *n > 0);
            number.ok_or_else(|| format!("{option} needs a number\n"))
        };
        while let Some(word) = words.next() {
            match word.as_str() {
                "rates" => order.what = What::Rates,
                "instructions" => order.what = What::Instructions,
                "memory" => order.what = What::Memory,
                "pools" => order.what = What::Pools,
                "--case" => order.only = words.next().ok_or("--case needs a text\n")?,
                "--rounds" => order.rounds = number(words.next(), "--rounds")? as usize,
                "--seconds" => order.seconds = number(words.next(), "--seconds")?,
                "--quick" => (order.rounds, order.seconds) = (2, 1),
                "--requests" => order.requests = number(words.next(), "--requests")?,
                "--write" => {
                    order.write = Some(words.next().ok_or("--write needs a file\n")?.into())
                }
                other => return Err(format!("what is {other:?}?\n\n{HELP}")),
            }
        }
        if order.write.is_some() && !order.only.is_empty() {
            return Err("--write is for all cases\n".to_owned());
        }
        Ok(order)
    }

    /// Whether what has that title is wanted.
    pub(crate) fn names(&self, title: &str) -> bool {
        title.contains(&self.only)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> Result<Order, String> {
        Order::read(words.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn words_make_an_order() {
        let order = read("memory --requests 10 --case Delivery").unwrap();
        assert_eq!((order.what, order.requests), (What::Memory, 10));
        assert!(order.names("Delivery") && !order.names("Proxied page of 21 KB"));
        let order = read("--quick").unwrap();
        assert_eq!((order.what, order.rounds, order.seconds), (What::Rates, 2, 1));
    }

    #[test]
    fn what_is_not_understood_is_said() {
        assert!(read("--rounds").unwrap_err().contains("number"));
        assert!(read("--rounds 0").unwrap_err().contains("number"));
        assert!(read("quick").unwrap_err().contains("Usage"));
        assert!(read("--case x --write f").unwrap_err().contains("all cases"));
    }
}
