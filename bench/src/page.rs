//! The pages that are served.

/// How many bytes a page of 21 KB has; others are named alike.
pub(crate) const KB: usize = 1024;

/// An HTML page of `len` bytes with a head as sites have it. `in_head` goes before `</head>`.
pub(crate) fn html(len: usize, in_head: &str) -> Vec<u8> {
    let mut page = String::from(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>A page</title>\n",
    );
    page += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
    for n in 0..4 {
        page += &format!("<link rel=\"stylesheet\" href=\"/static/style-{n}.css\">\n");
    }
    page += "<style>\nbody > .a { color: #123; }\n.b::before { content: \"<\"; }\n</style>\n";
    page += "<script>\nwindow.page = { a: 1 < 2, b: \"</p>\" };\n</script>\n";
    page += in_head;
    page += "</head>\n<body>\n<!-- begin -->\n";
    let end = "</body>\n</html>\n";
    let paragraph = "<p class=\"a\"><a href=\"/some/where?page=1&amp;n=2\">More</a> of what a page is made \
                     of: words, and <em>words</em> again.</p>\n";
    while page.len() + paragraph.len() + end.len() <= len {
        page += paragraph;
    }
    page += &" ".repeat(len.saturating_sub(page.len() + end.len()));
    page += end;
    page.into_bytes()
}
