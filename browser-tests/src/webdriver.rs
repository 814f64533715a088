//! W3C WebDriver, as far as the tests need it: <https://www.w3.org/TR/webdriver2/>.

use std::time::Duration;

use serde_json::{Value, json};
use ureq::Agent;

/// The member that holds an element's id.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// An element of the page.
#[derive(Clone, Debug)]
pub(crate) struct Element(String);

/// A session with a driver.
pub(crate) struct Session {
    agent: Agent,
    url: String,
    /// The capabilities that the driver gave.
    pub(crate) capabilities: Value,
}

/// Which button is pressed, with which key held down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Press {
    Left,
    Middle,
    CtrlLeft,
}

impl Session {
    /// Whether a driver listens at this address.
    pub(crate) fn is_ready(driver: &str) -> bool {
        let answer = send(&agent(), "GET", &format!("{driver}/status"), None);
        answer.is_ok_and(|value| value["ready"] == true)
    }

    /// Starts a browser.
    pub(crate) fn begin(driver: &str, capabilities: &Value) -> Result<Self, String> {
        let agent = agent();
        let body = json!({ "capabilities": { "alwaysMatch": capabilities } });
        let value = send(&agent, "POST", &format!("{driver}/session"), Some(&body))?;
        let id = value["sessionId"].as_str().ok_or("no sessionId")?;
        let url = format!("{driver}/session/{id}");
        Ok(Self { agent, url, capabilities: value["capabilities"].clone() })
    }

    /// Ends the browser.
    pub(crate) fn end(&self) -> Result<(), String> {
        self.command("DELETE", "", None).map(drop)
    }

    pub(crate) fn get(&self, path: &str) -> Result<Value, String> {
        self.command("GET", path, None)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        self.command("POST", path, Some(body))
    }

    pub(crate) fn delete(&self, path: &str) -> Result<Value, String> {
        self.command("DELETE", path, None)
    }

    /// The first element that a CSS selector names.
    pub(crate) fn find(&self, selector: &str) -> Result<Element, String> {
        let body = json!({ "using": "css selector", "value": selector });
        let value = self.post("/element", &body)?;
        let id = value[ELEMENT].as_str().ok_or("no element")?;
        Ok(Element(id.to_owned()))
    }

    /// Runs the body of a function in the page.
    pub(crate) fn run(&self, script: &str) -> Result<Value, String> {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Types into an element; special keys are those of the standard's section 17.4.2.
    pub(crate) fn type_into(&self, element: &Element, text: &str) -> Result<(), String> {
        let path = format!("/element/{}/value", element.0);
        self.post(&path, &json!({ "text": text })).map(drop)
    }

    /// Moves the mouse over the element and presses.
    pub(crate) fn press(&self, element: &Element, press: Press) -> Result<(), String> {
        let button = i32::from(press == Press::Middle);
        let mouse = json!({
            "type": "pointer", "id": "mouse", "parameters": { "pointerType": "mouse" },
            "actions": [
                { "type": "pointerMove", "x": 0, "y": 0, "origin": { ELEMENT: element.0 } },
                { "type": "pointerDown", "button": button },
                { "type": "pointerUp", "button": button },
            ],
        });
        let mut sources = vec![mouse];
        if press == Press::CtrlLeft {
            const CONTROL: char = '\u{e009}';
            sources.push(json!({
                "type": "key", "id": "keys",
                "actions": [
                    { "type": "keyDown", "value": CONTROL },
                    { "type": "pause" },
                    { "type": "pause" },
                    { "type": "keyUp", "value": CONTROL },
                ],
            }));
        }
        self.post("/actions", &json!({ "actions": sources }))?;
        self.delete("/actions").map(drop)
    }

    fn command(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, String> {
        send(&self.agent, method, &format!("{}{path}", self.url), body)
            .map_err(|error| format!("{method} {path}: {error}"))
    }
}

fn agent() -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(60)))
        .build()
        .into()
}

/// The member `value` of the answer, or what the driver says is wrong.
fn send(agent: &Agent, method: &str, url: &str, body: Option<&Value>) -> Result<Value, String> {
    let response = match (method, body) {
        ("GET", _) => agent.get(url).call(),
        ("DELETE", _) => agent.delete(url).call(),
        (_, body) => {
            let text = body.map(Value::to_string).unwrap_or_default();
            agent.post(url).content_type("application/json; charset=utf-8").send(text)
        }
    };
    let mut response = response.map_err(|error| error.to_string())?;
    let text = response.body_mut().read_to_string().map_err(|error| error.to_string())?;
    let mut answer: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let value = answer["value"].take();
    match value["error"].as_str() {
        Some(error) => {
            // Drivers add a stack to the message.
            let message = value["message"].as_str().unwrap_or_default();
            Err(format!("{error}: {}", message.lines().next().unwrap_or_default()))
        }
        None => Ok(value),
    }
}
