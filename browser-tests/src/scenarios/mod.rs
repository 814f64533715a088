//! What is tried in every engine.

mod attacks;
mod clicks;
mod history;
mod no_cookies;
mod own_session;
mod refusals;
mod speculation;
mod ways;

use crate::engine::{Engine, Setting};

pub(crate) use ways::try_way;

/// Something that is tried in one setting of an engine; it panics where it fails.
pub(crate) struct Check {
    /// What stands in the table.
    pub(crate) title: &'static str,
    /// The setting, in the engines that know it.
    pub(crate) setting: fn(Engine) -> Option<Setting>,
    pub(crate) run: fn(Setting),
}

pub(crate) const CHECKS: [Check; 13] = [
    Check {
        title: "Link: left, ctrl and middle click, Enter, `_blank` with `noopener`, `rel=noreferrer`, \
                elements inside the link; path, query and fragment arrive",
        setting: strictest,
        run: clicks::of_every_kind,
    },
    Check {
        title: "Link: `Referrer-Policy: no-referrer`",
        setting: strictest,
        run: clicks::without_a_referrer,
    },
    Check {
        title: "Link: a client-side router on the page, and a link that a script adds",
        setting: strictest,
        run: clicks::beside_a_router,
    },
    Check {
        title: "Link: `Content-Security-Policy` with a nonce and nothing else",
        setting: strictest,
        run: clicks::under_a_strict_policy,
    },
    Check {
        title: "Link and arrival: Back is one step",
        setting: strictest,
        run: history::back_is_one_step,
    },
    Check {
        title: "Arrival: without any cookies the page comes after three redirects",
        setting: without_cookies,
        run: no_cookies::the_page_comes,
    },
    Check {
        title: "Arrival: a page that was fetched ahead asks when it is visited",
        setting: speculating,
        run: speculation::the_visit_asks_again,
    },
    Check {
        title: "Script: no refusal is an error in the page or the console",
        setting: loosest,
        run: refusals::are_silent,
    },
    Check {
        title: "Script: b's own `Lax` session with a full cart stays",
        setting: loosest,
        run: own_session::stays,
    },
    Check {
        title: "Script: before and after the hand-over, a form on an attacker's page carries no session \
                to b",
        setting: loosest,
        run: own_session::is_not_sent_with_a_foreign_form,
    },
    Check {
        title: "Refused: a token of the attacker's session in tags on his page",
        setting: loosest,
        run: attacks::his_token_in_a_tag,
    },
    Check {
        title: "Refused: his link to `TOKEN?next=`, and a link on a that leads over his redirect to it",
        setting: loosest,
        run: attacks::his_token_in_a_link,
    },
    Check {
        title: "Refused: his page opens `pull`; `begin` brings no session but the visitor's own",
        setting: loosest,
        run: attacks::his_page_opens_a_pull,
    },
];

fn strictest(engine: Engine) -> Option<Setting> {
    Some(engine.strictest())
}

fn loosest(engine: Engine) -> Option<Setting> {
    Some(engine.loosest())
}

fn without_cookies(engine: Engine) -> Option<Setting> {
    Some(engine.without_cookies())
}

/// Only Chromium has Speculation Rules.
fn speculating(engine: Engine) -> Option<Setting> {
    (engine == Engine::Chromium).then(|| engine.loosest())
}
