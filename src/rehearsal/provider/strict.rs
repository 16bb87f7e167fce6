//! What the provider documents about a request, as rules: the first one that is broken is named in a sentence.
//!
//! Pure. The sentences never repeat the user key or the signature.

use axum::http::{HeaderMap, header};
use roxmltree::{Document, Node, ParsingOptions};

use crate::rehearsal::scenario::Verb;
use crate::text;

/// The first bytes of every request.
pub(super) const DECLARATION: &str = r#"<?xml version="1.0" standalone="no" ?>"#;
/// The action's name as the page's title and text have it, and as its sample has it.
pub(super) const DOCUMENTED: [&str; 2] = ["CALLFLOW.INSTANCE.CONFERENCE.ACTION", "CALLFOW.INSTANCE.CONFERENCE.ACTION"];

const REQUIRED: [&str; 4] = ["CALLFLOW.INSTANCE.KEY", "CONFERENCE.NUMBER", "E164", "CONFERENCE.ACTION"];
/// A documented request has fewer than 40; the limit keeps a hostile one small.
const MOST_NODES: u32 = 200;

/// A request whose form is right; its action and parameters have not been looked at.
pub(super) struct Envelope {
    pub(super) user_key: String,
    pub(super) action: String,
    parameters: Vec<(String, String)>,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// `CONFERENCE.ACTION`
    pub action: Verb,
    /// `CALLFLOW.INSTANCE.KEY`
    pub key: String,
    /// `CONFERENCE.NUMBER`
    pub conference: String,
    /// `E164`
    pub e164: String,
}

/// Checks the two documented headers.
pub(super) fn headers(headers: &HeaderMap) -> Result<(), String> {
    for (name, title) in [(header::CONTENT_TYPE, "Content-Type"), (header::ACCEPT, "Accept")] {
        let mut values = headers.get_all(name).iter();
        let value = values.next().ok_or_else(|| format!("the header {title} is missing"))?;
        let plain = value.to_str().unwrap_or("?").to_ascii_lowercase().replace("; ", ";");
        if values.next().is_some() || plain != "application/xml;charset=utf-8" {
            return Err(format!("the header {title} has to be \"application/xml; charset=UTF-8\""));
        }
    }
    Ok(())
}

/// Reads a body down to the action's name and raw parameters.
pub(super) fn envelope(body: &[u8]) -> Result<Envelope, String> {
    let body = std::str::from_utf8(body).map_err(|_| "the body is not UTF-8")?;
    if !body.starts_with(DECLARATION) {
        return Err(format!("the body has to begin with the declaration {DECLARATION}"));
    }
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(body, options).map_err(|error| format!("the body is no well-formed XML: {error}"))?;
    if document.root().children().any(|node| !node.is_element()) {
        return Err("nothing may stand beside the element REQUEST".into());
    }
    let request = named(document.root_element(), "REQUEST")?;
    let [token, action] = children(request, "REQUEST")?[..] else {
        return Err("REQUEST has to contain USERTOKEN and then exactly one ACTION".into());
    };
    let [key] = children(named(token, "USERTOKEN")?, "USERTOKEN")?[..] else {
        return Err("USERTOKEN has to contain exactly one USERKEY".into());
    };
    let user_key = value(named(key, "USERKEY")?, "USERKEY")?;
    let name = name_of(action, "ACTION")?;
    let mut parameters = Vec::new();
    for parameter in children(action, "ACTION")? {
        let name = name_of(parameter, "PARAMETER")?;
        parameters.push((name.to_owned(), value(parameter, name)?.to_owned()));
    }
    Ok(Envelope { user_key: user_key.to_owned(), action: name.to_owned(), parameters })
}

/// Reads the parameters. `signature` is the one to expect; without one any well-formed SIGNATURE will do, or none.
pub(super) fn parameters(envelope: &Envelope, signature: Option<&str>) -> Result<Asked, String> {
    let given = &envelope.parameters;
    for (index, (name, value)) in given.iter().enumerate() {
        if name == "SIGNATURE" {
            if index > 0 {
                return Err("SIGNATURE has to be the first parameter".into());
            }
            if value.len() != 40 || !value.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
                return Err("SIGNATURE has to be 40 lower-case hexadecimal digits".into());
            }
            continue;
        }
        let shown = text::clean_field(name);
        if !REQUIRED.contains(&name.as_str()) {
            let upper = name.to_ascii_uppercase();
            return Err(if upper != *name && (upper == "SIGNATURE" || REQUIRED.contains(&upper.as_str())) {
                format!("the parameter name {shown} has to be upper case")
            } else {
                format!("there is no parameter {shown}")
            });
        }
        if given.iter().filter(|(other, _)| other == name).count() > 1 {
            return Err(format!("the parameter {shown} may stand only once"));
        }
    }
    let find = |wanted: &str| given.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
    let required = |wanted: &str| find(wanted).ok_or_else(|| format!("the required parameter {wanted} is missing"));
    let asked = Asked {
        key: required("CALLFLOW.INSTANCE.KEY")?,
        conference: required("CONFERENCE.NUMBER")?,
        e164: required("E164")?,
        action: match required("CONFERENCE.ACTION")?.as_str() {
            "MUTE" => Verb::Mute,
            "UNMUTE" => Verb::Unmute,
            "KICK" => Verb::Kick,
            _ => return Err("CONFERENCE.ACTION has to be MUTE, UNMUTE or KICK".into()),
        },
    };
    if !(3..=15).contains(&asked.e164.len()) || !asked.e164.bytes().all(|b| b.is_ascii_digit()) {
        return Err("E164 has to be 3 to 15 digits with the country code and without a +".into());
    }
    match (signature, find("SIGNATURE")) {
        (Some(_), None) => Err("the parameter SIGNATURE is missing".into()),
        (Some(wanted), Some(given)) if wanted != given => Err("the SIGNATURE is not that of this account".into()),
        _ => Ok(asked),
    }
}

/// An element of that name, without any attributes.
fn named<'a, 'input>(node: Node<'a, 'input>, name: &str) -> Result<Node<'a, 'input>, String> {
    if !node.has_tag_name(name) {
        return Err(format!("the element {name} is expected where {} stands", text::clean_field(node.tag_name().name())));
    }
    if node.attributes().len() > 0 || node.namespaces().len() > 0 {
        return Err(format!("{name} has no attributes"));
    }
    Ok(node)
}

/// The NAME of an element that has that attribute and no other.
fn name_of<'a>(node: Node<'a, '_>, element: &str) -> Result<&'a str, String> {
    if !node.has_tag_name(element) {
        return Err(format!("the element {element} is expected where {} stands", text::clean_field(node.tag_name().name())));
    }
    match node.attribute("NAME") {
        Some(name) if node.attributes().len() == 1 && !name.is_empty() => Ok(name),
        _ => Err(format!("{element} has to have the attribute NAME and no other")),
    }
}

/// The child elements of an element that contains nothing else but white space.
fn children<'a, 'input>(node: Node<'a, 'input>, element: &str) -> Result<Vec<Node<'a, 'input>>, String> {
    let only_elements =
        node.children().all(|child| child.is_element() || (child.is_text() && child.text().is_some_and(|t| t.trim().is_empty())));
    if only_elements {
        Ok(node.children().filter(Node::is_element).collect())
    } else {
        Err(format!("{element} contains something else than elements"))
    }
}

/// The text of an element that contains nothing else, without white space around it.
fn value<'a>(node: Node<'a, '_>, title: &str) -> Result<&'a str, String> {
    let title = text::clean_field(title);
    if node.children().any(|child| !child.is_text()) {
        return Err(format!("{title} contains something else than text"));
    }
    let text = node.text().unwrap_or_default();
    if text.trim().is_empty() {
        return Err(format!("{title} is empty"));
    }
    if text.trim() != text {
        return Err(format!("{title} has white space around its value"));
    }
    Ok(text)
}
