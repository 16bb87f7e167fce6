//! Reads the paths (`a::b::c`) out of Rust sources: enough of the grammar to keep the house's order.

/// Every path in the code that ships, use trees written out: `use a::{b, c::d}` is `a::b` and `a::c::d`.
///
/// Comments, strings and what follows `#[cfg(test)] mod` are not read.
pub(crate) fn paths(source: &str) -> Vec<Vec<String>> {
    let tokens = tokens(source);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if is_test_module(&tokens[at..]) {
            break;
        }
        if is_name(&tokens[at]) {
            at = tree(&tokens, at, &[], &mut found);
        } else {
            at += 1;
        }
    }
    found
}

/// A path as seen from the root of the crate: `self` and `super` replaced by what they stand for.
pub(crate) fn resolve(module: &[&str], path: &[String]) -> Vec<String> {
    let ups = path.iter().take_while(|part| *part == "super" || *part == "self").count();
    if ups == 0 {
        return path.to_vec();
    }
    let supers = path[..ups].iter().filter(|part| *part == "super").count();
    let base = &module[..module.len().saturating_sub(supers)];
    let root = std::iter::once("crate").chain(base.iter().copied()).map(str::to_owned);
    root.chain(path[ups..].iter().cloned()).collect()
}

/// Reads one path or use tree that begins at `at`; returns the place behind it.
fn tree(tokens: &[String], mut at: usize, prefix: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let mut path = prefix.to_vec();
    loop {
        match tokens.get(at).map(String::as_str) {
            Some("{") if !path.is_empty() => {
                at += 1;
                while tokens.get(at).is_some_and(|token| token != "}") {
                    let next = tree(tokens, at, &path, found);
                    // Whatever is no tree is stepped over, so that the end is always reached.
                    at = next.max(at + 1);
                    while tokens.get(at).is_some_and(|token| token != "," && token != "}") {
                        at += 1;
                    }
                    at += usize::from(tokens.get(at).is_some_and(|token| token == ","));
                }
                return at + 1;
            }
            Some(name) if is_name(name) => path.push(name.to_owned()),
            // A glob, or something that only an expression has.
            _ => {
                found.push(path);
                return at;
            }
        }
        at += 1;
        if tokens.get(at).is_none_or(|token| token != "::") {
            if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
                path.pop();
            }
            found.push(path);
            return at;
        }
        at += 1;
    }
}

fn is_test_module(tokens: &[String]) -> bool {
    let expected = ["#", "[", "cfg", "(", "test", ")", "]", "mod"];
    tokens.len() >= expected.len() && expected.iter().zip(tokens).all(|(expected, token)| expected == token)
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Names, `::` and single other characters; no white space, comments, literals or lifetimes.
fn tokens(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            comment_length(rest)
        } else if let Some(length) = string_length(rest) {
            length
        } else if let Some(length) = quote_length(rest) {
            length
        } else if first.is_alphanumeric() || first == '_' {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            found.push(rest[..length].to_owned());
            length
        } else if rest.starts_with("::") {
            found.push("::".to_owned());
            2
        } else {
            if !first.is_whitespace() {
                found.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    found
}

/// The length of a block comment with those inside it.
fn comment_length(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        match (here.starts_with(b"/*"), here.starts_with(b"*/")) {
            (true, _) => depth += 1,
            (_, true) => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// The length of a string literal at the beginning, plain, raw, of bytes or for C.
fn string_length(rest: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r", "b", "c", ""].into_iter().find(|prefix| {
        let after = rest.strip_prefix(prefix);
        after.is_some_and(|after| after.starts_with('"') || (prefix.ends_with('r') && after.trim_start_matches('#').starts_with('"')))
    })?;
    let body = &rest[prefix.len()..];
    if prefix.ends_with('r') {
        let hashes = body.len() - body.trim_start_matches('#').len();
        let end = format!("\"{}", "#".repeat(hashes));
        let inside = &body[hashes + 1..];
        let length = inside.find(&end).map_or(inside.len(), |at| at + end.len());
        return Some(prefix.len() + hashes + 1 + length);
    }
    let mut escaped = false;
    for (at, byte) in body.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(prefix.len() + at + 1),
            _ => {}
        }
    }
    Some(rest.len())
}

/// The length of a character literal, or of the quote that begins a lifetime.
fn quote_length(rest: &str) -> Option<usize> {
    let inside = rest.strip_prefix('\'')?;
    if let Some(escape) = inside.strip_prefix('\\') {
        let mut characters = escape.char_indices();
        characters.next();
        return Some(2 + characters.find(|(_, c)| *c == '\'').map_or(escape.len(), |(at, _)| at + 1));
    }
    let first = inside.chars().next()?.len_utf8();
    Some(if inside[first..].starts_with('\'') { 1 + first + 1 } else { 1 })
}
