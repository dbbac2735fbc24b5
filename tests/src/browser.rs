//! A real Chromium without a window, started by a test, spoken to over its DevTools protocol, and stopped when dropped.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::Duration,
};

use cache_test_support::patience::{eventually, in_time};
use futures_util::{SinkExt, StreamExt};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

/// What Debian, and others, call it.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// A running browser.
#[derive(Debug)]
pub struct Browser {
    process: Child,
    folder: PathBuf,
    /// Where its protocol is spoken.
    address: String,
}

impl Browser {
    /// Starts a browser with a profile of its own, on a free loopback port.
    ///
    /// # Panics
    ///
    /// Where Chromium is not installed, or does not start.
    pub async fn start() -> Browser {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("cache-tests-browser-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("the temporary folder is writable");
        let mut browser = Browser { process: spawn(&folder), folder, address: String::new() };
        // It writes down its port once it listens there.
        let file = browser.folder.join("DevToolsActivePort");
        eventually("the browser listens", async || {
            let text = fs::read_to_string(&file).unwrap_or_default();
            let Some((port, path)) = text.split_once('\n') else { return false };
            browser.address = format!("ws://127.0.0.1:{port}{}", path.trim());
            !path.trim().is_empty()
        })
        .await;
        browser
    }

    /// Opens an empty page: see [`Page::go`].
    ///
    /// # Panics
    ///
    /// Where the browser has died.
    pub async fn page(&self) -> Page {
        let (socket, _) = in_time("the browser's socket", connect_async(&self.address))
            .await
            .expect("the browser listens");
        let mut page = Page { socket, session: None, calls: 0, events: Vec::new() };
        let target = page.call("Target.createTarget", json!({ "url": "about:blank" })).await;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = page.call("Target.attachToTarget", attach).await;
        page.session = Some(attached["sessionId"].clone());
        for domain in ["Runtime", "Log", "Network", "Page"] {
            page.call(&format!("{domain}.enable"), json!({})).await;
        }
        page
    }
}

impl Drop for Browser {
    /// Asks it to end, so that it takes the processes along that it has started.
    fn drop(&mut self) {
        _ = Command::new("kill").arg(self.process.id().to_string()).status();
        wait_until(|| !matches!(self.process.try_wait(), Ok(None)));
        _ = self.process.kill();
        _ = self.process.wait();
        // What it had started may still be writing. A folder that is left behind does no harm.
        wait_until(|| fs::remove_dir_all(&self.folder).is_ok());
    }
}

/// Waits for a condition, though not for long.
fn wait_until(mut condition: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if condition() {
            return;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn spawn(folder: &Path) -> Child {
    for name in NAMES {
        let process = Command::new(name)
            // The sandbox needs privileges that containers do not give; what is opened is our own.
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
            .args(["--no-first-run", "--disable-background-networking", "--disable-extensions"])
            .args(["--lang=en", "--remote-debugging-port=0"])
            .arg(format!("--user-data-dir={}", folder.display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match process {
            Ok(process) => return process,
            Err(e) if e.kind() == ErrorKind::NotFound => {}
            Err(e) => panic!("{name} does not start: {e}"),
        }
    }
    panic!(
        "these tests need Chromium: `apt-get install chromium`, or `tests/run`, which installs it"
    );
}

/// A page of a browser. What it has logged and asked for is kept.
#[derive(Debug)]
pub struct Page {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// None while it is the browser itself that is spoken to.
    session: Option<Value>,
    calls: u64,
    events: Vec<Value>,
}

impl Page {
    /// Goes to an address. What has to be there before the page may be relied on is the caller's to wait for.
    ///
    /// # Panics
    ///
    /// Where nothing answers there.
    pub async fn go(&mut self, url: &str) {
        let answer = self.call("Page.navigate", json!({ "url": url })).await;
        assert!(answer.get("errorText").is_none(), "{url}: {answer}");
    }

    /// What an expression is worth in the page; of a promise, what comes of it.
    ///
    /// # Panics
    ///
    /// Where it throws, or is not a `T`.
    pub async fn evaluate<T: DeserializeOwned>(&mut self, expression: &str) -> T {
        let arguments =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let mut answer = self.call("Runtime.evaluate", arguments).await;
        let thrown = answer.get("exceptionDetails");
        assert!(thrown.is_none(), "`{expression}` throws: {thrown:?}");
        let value = answer["result"]["value"].take();
        serde_json::from_value(value.clone())
            .unwrap_or_else(|e| panic!("`{expression}` is {value}: {e}"))
    }

    /// Looks at the page until an expression is true.
    ///
    /// # Panics
    ///
    /// Where it never becomes true.
    pub async fn until(&mut self, expression: &str) {
        let complete = format!("document.readyState === 'complete' && Boolean({expression})");
        eventually(expression, async || self.evaluate(&complete).await).await;
    }

    /// Makes the page believe in a colour scheme, and in a window of this size.
    ///
    /// # Panics
    ///
    /// Where the browser has died.
    pub async fn look(&mut self, scheme: &str, [width, height]: [u32; 2]) {
        let feature = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": feature })).await;
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// What the window shows: a PNG in Base64.
    ///
    /// # Panics
    ///
    /// Where the browser has died.
    pub async fn screenshot(&mut self) -> String {
        let arguments = json!({ "format": "png", "captureBeyondViewport": true });
        let answer = self.call("Page.captureScreenshot", arguments).await;
        answer["data"].as_str().expect("a screenshot is a text").to_owned()
    }

    /// What was written to the console, thrown, or found wrong by the browser, so far.
    pub fn complaints(&self) -> Vec<String> {
        let complaint = |event: &Value| {
            let of = &event["params"];
            match event["method"].as_str()? {
                "Log.entryAdded" => Some(of["entry"].to_string()),
                "Runtime.exceptionThrown" => Some(of["exceptionDetails"].to_string()),
                "Runtime.consoleAPICalled" => Some(of["args"].to_string()),
                _ => None,
            }
        };
        self.events.iter().filter_map(complaint).collect()
    }

    /// The addresses that were asked for so far.
    pub fn requests(&self) -> Vec<String> {
        let url = |event: &Value| {
            let asked = event["method"] == "Network.requestWillBeSent";
            asked.then(|| event["params"]["request"]["url"].as_str().unwrap_or_default().to_owned())
        };
        self.events.iter().filter_map(url).collect()
    }

    /// Calls a method of the protocol: <https://chromedevtools.github.io/devtools-protocol/>.
    ///
    /// # Panics
    ///
    /// Where the browser has died, or does not know the method.
    pub async fn call(&mut self, method: &str, arguments: Value) -> Value {
        self.calls += 1;
        let id = self.calls;
        let mut message = json!({ "id": id, "method": method, "params": arguments });
        if let Some(session) = &self.session {
            message["sessionId"] = session.clone();
        }
        self.socket.send(Message::text(message.to_string())).await.expect("the browser lives");
        loop {
            let message = in_time(method, self.socket.next()).await;
            let message = message.expect("the browser lives").expect("the browser lives");
            let Message::Text(text) = message else { continue };
            let mut answer: Value = serde_json::from_str(&text).expect("the protocol is JSON");
            if answer["id"] == id {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].take();
            }
            self.events.push(answer);
        }
    }
}
