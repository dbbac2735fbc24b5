//! `hold = "2s"`: for how long the fences of a writer stand after the write.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

use crate::args::{Args, Usage};
use crate::ctxt::Ctxt;
use crate::duration::Length;

/// How the argument is written.
pub(crate) const USAGE: Usage = ("hold", "hold = \"2s\"");

pub(crate) fn parse(args: &mut Args, cx: &Ctxt) -> Option<Length> {
    let expr = args.take("hold")?.expr(cx)?;
    let zero = "the fences end with the write anyway: remove `hold`, or write for how long a replica may lag behind, such as `\"2s\"`";
    cx.ok(Length::parse("hold", expr, zero))
}

/// The step of a call.
pub(crate) fn step(hold: &Length) -> TokenStream {
    let time = hold.duration();
    quote_spanned!(Span::mixed_site()=> .hold(#time))
}
