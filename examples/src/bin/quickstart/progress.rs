//! Progress bars. They show themselves on a terminal only, on stderr.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over requests.
pub(crate) fn requests(what: &'static str, total: u64) -> ProgressBar {
    bar(what, total, "{human_pos} of {human_len}")
}

/// A bar over the bytes of a file.
pub(crate) fn bytes(what: &'static str, total: u64) -> ProgressBar {
    bar(what, total, "{bytes} of {total_bytes}")
}

fn bar(what: &'static str, total: u64, counts: &str) -> ProgressBar {
    let template = format!("   {{msg:18}} {{bar:32}} {counts}, {{eta}} left");
    let style = ProgressStyle::with_template(&template).expect("the template is well formed");
    ProgressBar::new(total).with_style(style).with_message(what)
}
