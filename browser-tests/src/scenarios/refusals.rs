//! Tokens that are refused: neither the page nor the visitor sees it.

use crate::engine::Setting;
use crate::world::{A, Way, World, at};

/// Loads the page's first tag again, and one whose token nobody sealed.
const SCRIPT: &str = "const [tag] = document.querySelectorAll('script[src$=\".js\"]');
    const forged = tag.src.replace(/[^/]{40}\\.js$/, 'A'.repeat(40) + '.js');
    for (const src of [tag.src, forged]) {
        const script = document.createElement('script');
        script.crossOrigin = 'use-credentials';
        script.onload = () => document.body.dataset[src === forged ? 'forged' : 'replayed'] = 'loaded';
        script.onerror = () => document.body.dataset.error = src === forged ? 'forged' : 'replayed';
        script.src = src;
        document.head.append(script);
    }";

pub(crate) fn are_silent(setting: Setting) {
    let world = World::new(Way::Script);
    let browser = world.browser(setting);
    browser.go(&at(A, "/login?as=ada"));
    browser.go(&at(A, "/"));
    browser.run(SCRIPT);
    let seen = || browser.run("return document.body.dataset;");
    browser.page_where(|_| seen()["forged"] == "loaded" && seen()["replayed"] == "loaded");
    assert!(seen()["error"].is_null(), "a script failed: {}", seen());

    let verdicts = world.verdicts("script");
    for verdict in ["forged", "replayed"] {
        assert_eq!(verdicts.iter().filter(|v| *v == verdict).count(), 1, "{verdicts:?}");
    }
    if let Some(errors) = browser.console_errors() {
        assert!(errors.is_empty(), "in the console: {errors:?}");
    }
}
