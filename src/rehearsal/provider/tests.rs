//! Every documented rule kept once and broken once: what is answered, what is recorded, and that nothing else happened.

use axum::body::Body;
use axum::http::{HeaderValue, Request as HttpRequest, StatusCode, header};
use tower::ServiceExt;

use super::server::MOST_BYTES;
use super::*;
use crate::rehearsal::floor::Presence;
use crate::rehearsal::scenario::Scenario;

const KEY: &str = "df141891e2e883904b0b294dc5bq79c1c1c13f6d";
const SIGNATURE: &str = "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79";

/// A provider with Ada in conference 1122, her call's key, and her number.
struct Stand {
    provider: Provider,
    key: String,
    number: String,
}

fn stand(rules: Rules) -> Stand {
    let scenario = Scenario::load("quiet").expect("built in");
    let call = scenario.script(1).calls.remove(0);
    let floor = Arc::new(Floor::default());
    let _kicked = floor.begin(&call);
    floor.enter(&call.key, false);
    Stand { provider: Provider::new(rules, floor, Arc::new(Notes::new(None))), key: call.key, number: call.number }
}

fn rules() -> Rules {
    Rules {
        user_key: Some(KEY.into()),
        signature: None,
        action_names: vec![strict::DOCUMENTED[0].into()],
        faults: Vec::new(),
        latency: Duration::ZERO,
        speed: 1.0,
    }
}

impl Stand {
    /// The documented request that mutes Ada.
    fn body(&self) -> String {
        format!(
            r#"<?xml version="1.0" standalone="no" ?>
<REQUEST>
  <USERTOKEN>
    <USERKEY>{KEY}</USERKEY>
  </USERTOKEN>
  <ACTION NAME="CALLFLOW.INSTANCE.CONFERENCE.ACTION">
    <PARAMETER NAME="CALLFLOW.INSTANCE.KEY">{}</PARAMETER>
    <PARAMETER NAME="CONFERENCE.NUMBER">1122</PARAMETER>
    <PARAMETER NAME="E164">{}</PARAMETER>
    <PARAMETER NAME="CONFERENCE.ACTION">MUTE</PARAMETER>
  </ACTION>
</REQUEST>
"#,
            self.key, self.number
        )
    }

    fn send(&self, request: HttpRequest<Body>) -> (StatusCode, String, String) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let response = router(self.provider.clone()).oneshot(request).await.unwrap_or_else(|never| match never {});
            let status = response.status();
            let kind = response.headers()[header::CONTENT_TYPE].to_str().expect("a content type").to_owned();
            let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
            (status, kind, String::from_utf8(body.to_vec()).expect("UTF-8"))
        })
    }

    fn post(&self, body: impl Into<Body>) -> (StatusCode, String, String) {
        self.send(request(body))
    }

    fn muted(&self) -> bool {
        self.provider.participants()[0].muted
    }

    fn verdict(&self) -> Verdict {
        self.provider.requests().last().expect("a request").verdict.clone()
    }
}

fn request(body: impl Into<Body>) -> HttpRequest<Body> {
    let builder = HttpRequest::post(API_PATH)
        .header(header::CONTENT_TYPE, "application/xml; charset=UTF-8")
        .header(header::ACCEPT, "application/xml; charset=UTF-8");
    builder.body(body.into()).expect("a request")
}

#[test]
fn a_documented_request_is_carried_out() {
    let stand = stand(rules());
    let (status, kind, answer) = stand.post(stand.body());
    let wanted = "<?xml version=\"1.0\" standalone=\"no\" ?>\n<RESPONSE>\n  <RESULT>SUCCESS</RESULT>\n</RESPONSE>\n";
    assert_eq!((status, kind.as_str(), answer.as_str()), (StatusCode::OK, "text/xml", wanted));
    assert!(stand.muted());
    stand.post(stand.body().replace(">MUTE<", ">UNMUTE<"));
    assert!(!stand.muted());
    stand.post(stand.body().replace(">MUTE<", ">KICK<"));
    assert_eq!(stand.provider.participants()[0].presence, Presence::Kicked);
    let verdicts: Vec<_> = stand.provider.requests().into_iter().map(|r| r.verdict).collect();
    assert_eq!(verdicts, [Verdict::Accepted, Verdict::Accepted, Verdict::Accepted]);
    assert!(stand.provider.violations().is_empty());
    let first = &stand.provider.requests()[0];
    assert_eq!((first.method.as_str(), first.target.as_str()), ("POST", API_PATH));
    assert_eq!(first.body, stand.body(), "the body is recorded word for word");
    assert!(first.headers.contains(&("accept".into(), "application/xml; charset=UTF-8".into())));
    let asked = first.asked.clone().expect("an ask");
    assert_eq!((asked.key, asked.e164, asked.conference.as_str()), (stand.key.clone(), stand.number.clone(), "1122"));
    assert!(!format!("{first:?}").contains(KEY), "a failing test does not print the key");
}

#[test]
fn the_order_of_parameters_and_the_space_in_headers_are_free() {
    let stand = stand(rules());
    let number = format!("    <PARAMETER NAME=\"E164\">{}</PARAMETER>\n", stand.number);
    let reordered = stand.body().replace(&number, "").replace("  </ACTION>", &format!("{number}  </ACTION>"));
    let mut request = request(reordered);
    request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("Application/XML;charset=utf-8"));
    assert!(stand.send(request).2.contains("SUCCESS"));
    assert!(stand.muted());
}

#[test]
fn a_body_that_breaks_a_rule_is_told_which() {
    let parameter = |name: &str, value: &str| format!("    <PARAMETER NAME=\"{name}\">{value}</PARAMETER>\n");
    let conference = parameter("CONFERENCE.NUMBER", "1122");
    let first = "    <PARAMETER NAME=\"CALLFLOW.INSTANCE.KEY\">";
    let user = format!("<USERKEY>{KEY}</USERKEY>");
    let action = "<ACTION NAME=\"CALLFLOW.INSTANCE.CONFERENCE.ACTION\">";
    let twice = format!("{conference}{conference}");
    let user_twice = format!("{user}{user}");
    let padded = format!("<USERKEY> {KEY} </USERKEY>");
    let late = format!("{conference}{}", parameter("SIGNATURE", SIGNATURE));
    let short = format!("{}{first}", parameter("SIGNATURE", "abc"));
    let upper = format!("{}{first}", parameter("SIGNATURE", &SIGNATURE.to_uppercase()));
    let signature_twice = format!("{0}{0}{first}", parameter("SIGNATURE", SIGNATURE));
    let unknown = format!("{conference}{}", parameter("TEST", "1"));
    let no_value = "<PARAMETER NAME=\"CONFERENCE.NUMBER\"></PARAMETER>\n";
    let cases: [(&str, &str, &str); 40] = [
        ("<?xml", "\u{feff}<?xml", "declaration"),
        ("<?xml version=\"1.0\" standalone=\"no\" ?>\n", "", "declaration"),
        ("<?xml version=\"1.0\" standalone=\"no\" ?>", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "declaration"),
        ("<?xml", " <?xml", "declaration"),
        ("</REQUEST>", "</REQUEST", "well-formed"),
        ("</REQUEST>", "</REQUEST>more", "well-formed"),
        ("<REQUEST>", "<!DOCTYPE r [<!ENTITY a \"b\">]><REQUEST>", "well-formed"),
        ("REQUEST>", "QUERY>", "REQUEST is expected"),
        ("REQUEST>", "request>", "REQUEST is expected"),
        ("<REQUEST>", "<REQUEST a=\"1\">", "no attributes"),
        ("<REQUEST>", "<REQUEST xmlns=\"urn:x\">", "no attributes"),
        ("<REQUEST>", "<!-- x --><REQUEST>", "beside the element REQUEST"),
        ("<REQUEST>", "<REQUEST>x", "something else than elements"),
        ("<REQUEST>", "<REQUEST><!-- x -->", "something else than elements"),
        ("<REQUEST>", "<REQUEST><X/>", "USERTOKEN and then exactly one ACTION"),
        ("  </ACTION>", "  </ACTION><ACTION NAME=\"A\"/>", "exactly one ACTION"),
        ("USERTOKEN>", "TOKEN>", "USERTOKEN is expected"),
        ("USERKEY>", "KEY>", "USERKEY is expected"),
        (&user, "", "exactly one USERKEY"),
        (&user, &user_twice, "exactly one USERKEY"),
        (&user, "<USERKEY></USERKEY>", "USERKEY is empty"),
        (&user, &padded, "white space around"),
        (&user, "<USERKEY><B/></USERKEY>", "something else than text"),
        (action, "<ACTION>", "attribute NAME and no other"),
        (action, "<ACTION NAME=\"CALLFLOW.INSTANCE.CONFERENCE.ACTION\" ID=\"1\">", "attribute NAME and no other"),
        (action, "<ACTION NAME=\"callflow.instance.conference.action\">", "unknown action"),
        ("<PARAMETER NAME=\"E164\">", "<PARAMETER name=\"E164\">", "attribute NAME and no other"),
        ("<PARAMETER NAME=\"E164\">", "<PARAMETER NAME=\"e164\">", "e164 has to be upper case"),
        (&conference, "", "CONFERENCE.NUMBER is missing"),
        (&conference, &twice, "CONFERENCE.NUMBER may stand only once"),
        (&conference, no_value, "CONFERENCE.NUMBER is empty"),
        (&conference, &unknown, "no parameter TEST"),
        (&conference, &late, "SIGNATURE has to be the first"),
        (first, &short, "40 lower-case"),
        (first, &upper, "40 lower-case"),
        (first, &signature_twice, "SIGNATURE has to be the first"),
        (">MUTE<", ">mute<", "MUTE, UNMUTE or KICK"),
        (">MUTE<", ">HOLD<", "MUTE, UNMUTE or KICK"),
        ("\"E164\">", "\"E164\">+", "without a +"),
        ("\"E164\">", "\"E164\">anonymous", "3 to 15 digits"),
    ];
    let stand = stand(rules());
    for (good, bad, rule) in cases {
        assert!(stand.body().contains(good), "{good}");
        let before = stand.provider.violations().len();
        let (status, kind, answer) = stand.post(stand.body().replace(good, bad));
        assert_eq!((status, kind.as_str()), (StatusCode::OK, "text/xml"), "{bad}");
        assert!(answer.starts_with("<?xml version=\"1.0\" standalone=\"no\" ?>\n<RESPONSE>\n  <ERROR>"), "{bad}: {answer}");
        assert!(answer.contains(rule) && !answer.contains("RESULT") && !answer.contains(KEY), "{bad}: {answer}");
        assert!(stand.provider.violations().len() == before + 1, "{bad}: {:?}", stand.verdict());
        assert!(!stand.muted(), "{bad} did something");
    }
    let (_, _, answer) = stand.post(vec![0xff, 0xfe]);
    assert!(answer.contains("not UTF-8"), "{answer}");
    let (_, _, answer) = stand.post(format!("{}{}", stand.body(), " ".repeat(MOST_BYTES)));
    assert!(answer.contains("longer than 65536"), "{answer}");
    let (_, _, answer) = stand.post(stand.body().replace(&conference, &conference.repeat(200)));
    assert!(answer.contains("well-formed"), "too many nodes: {answer}");
    assert_eq!(stand.provider.violations().len(), 43);
}

#[test]
fn headers_path_and_method_are_held_to_the_letter() {
    let stand = stand(rules());
    for (name, title) in [(header::CONTENT_TYPE, "Content-Type"), (header::ACCEPT, "Accept")] {
        for wrong in
            [None, Some("text/xml; charset=UTF-8"), Some("application/xml"), Some("application/xml; charset=UTF-8; q=1"), Some("*/*")]
        {
            let mut request = request(stand.body());
            match wrong {
                None => request.headers_mut().remove(&name),
                Some(wrong) => request.headers_mut().insert(&name, HeaderValue::from_static(wrong)),
            };
            let (status, _, answer) = stand.send(request);
            assert_eq!(status, StatusCode::OK);
            assert!(answer.contains(&format!("the header {title}")), "{wrong:?}: {answer}");
        }
        let mut twice = request(stand.body());
        twice.headers_mut().append(&name, HeaderValue::from_static("application/xml; charset=UTF-8"));
        assert!(stand.send(twice).2.contains(title));
    }
    let mut elsewhere = request(stand.body());
    *elsewhere.uri_mut() = "/api/v2.asp".parse().expect("a path");
    assert_eq!(stand.send(elsewhere).0, StatusCode::NOT_FOUND);
    let mut with_query = request(stand.body());
    *with_query.uri_mut() = "/api/v3.asp?a=1".parse().expect("a path");
    assert!(stand.send(with_query).2.contains("no query"));
    for method in [Method::GET, Method::HEAD, Method::PUT] {
        let mut request = request(stand.body());
        *request.method_mut() = method;
        assert_eq!(stand.send(request).0, StatusCode::METHOD_NOT_ALLOWED);
    }
    assert_eq!(stand.provider.violations().len(), 17);
    assert!(!stand.muted());
}

#[test]
fn a_correct_request_may_be_refused_without_breaking_a_rule() {
    let stand = stand(rules());
    let number = stand.number.clone();
    let key = stand.key.clone();
    for (good, other, words) in [
        (KEY, "0000000000000000000000000000000000000000", "USERKEY is not valid"),
        ("CALLFLOW.INSTANCE.CONFERENCE.ACTION", "CALLFOW.INSTANCE.CONFERENCE.ACTION", "unknown action"),
        (key.as_str(), "00000000", "participant not found"),
        (">1122<", ">3344<", "participant not found"),
        (number.as_str(), "12125550199", "participant not found"),
    ] {
        let (_, _, answer) = stand.post(stand.body().replace(good, other));
        assert!(answer.contains("<ERROR>") && answer.contains(words), "{other}: {answer}");
        assert!(matches!(stand.verdict(), Verdict::Refused(said) if said.contains(words)), "{:?}", stand.verdict());
    }
    assert!(stand.provider.violations().is_empty() && !stand.muted());
    let other_spelling = self::stand(Rules { action_names: vec![strict::DOCUMENTED[1].into()], ..rules() });
    assert!(other_spelling.post(other_spelling.body()).2.contains("unknown action"));
    assert!(other_spelling.post(other_spelling.body().replace("CALLFLOW.INSTANCE.C", "CALLFOW.INSTANCE.C")).2.contains("SUCCESS"));
}

#[test]
fn without_a_user_key_set_any_will_do_but_not_none() {
    let stand = stand(Rules { user_key: None, ..rules() });
    assert!(stand.post(stand.body().replace(KEY, "rehearsal")).2.contains("SUCCESS"));
    assert!(stand.post(stand.body().replace(KEY, "")).2.contains("USERKEY is empty"));
}

#[test]
fn a_signature_is_optional_unless_the_account_is_known() {
    let first = "    <PARAMETER NAME=\"CALLFLOW.INSTANCE.KEY\">";
    let signed = |stand: &Stand, signature: &str| {
        stand.body().replace(first, &format!("    <PARAMETER NAME=\"SIGNATURE\">{signature}</PARAMETER>\n{first}"))
    };
    let open = stand(rules());
    assert!(open.post(signed(&open, SIGNATURE)).2.contains("SUCCESS"));
    let strict = stand(Rules { signature: Some(SIGNATURE.into()), ..rules() });
    assert!(strict.post(signed(&strict, SIGNATURE)).2.contains("SUCCESS"));
    assert!(strict.post(strict.body()).2.contains("SIGNATURE is missing"));
    let (_, _, answer) = strict.post(signed(&strict, &SIGNATURE.replace('e', "f")));
    assert!(answer.contains("not that of this account") && !answer.contains(SIGNATURE), "{answer}");
    assert_eq!(strict.provider.violations().len(), 2);
}

#[test]
fn faults_come_in_the_order_and_number_that_the_scenario_says() {
    let fault = |action, from, times, words: &str| Fault {
        callers: Some(vec![0]),
        action,
        from,
        times,
        kind: FaultKind::Refuse(words.into()),
        acts: false,
    };
    let faults = vec![
        fault(Some(crate::rehearsal::scenario::Verb::Unmute), 1, None, "never unmuted"),
        fault(None, 2, Some(2), "second and third <ask>"),
        Fault { callers: Some(vec![7]), ..fault(None, 1, None, "somebody else") },
    ];
    let stand = stand(Rules { faults, ..rules() });
    let ask = |action: &str| stand.post(stand.body().replace(">MUTE<", &format!(">{action}<"))).2;
    assert!(ask("MUTE").contains("SUCCESS"));
    assert!(ask("UNMUTE").contains("never unmuted"));
    assert!(ask("MUTE").contains("second and third &lt;ask&gt;"), "words are escaped, and the ask before counted");
    assert!(ask("MUTE").contains("SUCCESS"));
    assert_eq!(stand.provider.requests()[1].verdict, Verdict::Fault { kind: "refuse", acted: false });
    assert!(stand.muted(), "a refused ask changes nothing");
}

#[test]
fn only_the_latest_requests_are_kept() {
    let stand = stand(rules());
    for _ in 0..MOST_REQUESTS + 5 {
        stand.provider.record(Request {
            at: Instant::now(),
            connection: 1,
            method: "POST".into(),
            target: API_PATH.into(),
            headers: Vec::new(),
            body: String::new(),
            asked: None,
            verdict: Verdict::Accepted,
        });
    }
    assert_eq!(stand.provider.requests().len(), MOST_REQUESTS);
}

#[tokio::test(start_paused = true)]
async fn answers_take_their_time_and_speed_shortens_only_what_is_not_yet_scaled() {
    let slow = Fault { callers: None, action: None, from: 2, times: None, kind: FaultKind::Slow(Duration::from_secs(4)), acts: true };
    let stand = stand(Rules { latency: Duration::from_millis(120), faults: vec![slow], speed: 2.0, ..rules() });
    for wanted in [120, 2120] {
        let before = tokio::time::Instant::now();
        let response = router(stand.provider.clone()).oneshot(request(stand.body())).await.unwrap_or_else(|never| match never {});
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(before.elapsed(), Duration::from_millis(wanted));
    }
}

#[tokio::test]
async fn a_test_can_wait_for_what_was_received() {
    let stand = stand(rules());
    let provider = stand.provider.clone();
    assert!(!provider.wait_for(Duration::ZERO, |requests| !requests.is_empty()));
    let waiting = tokio::spawn({
        let provider = provider.clone();
        async move { provider.until(|requests| requests.len() == 2).await }
    });
    for _ in 0..2 {
        assert!(!waiting.is_finished());
        let _ = router(provider.clone()).oneshot(request(stand.body())).await;
    }
    waiting.await.expect("two requests");
    assert!(provider.wait_for(Duration::ZERO, |requests| requests.len() == 2));
    assert!(provider.wait_for_participants(Duration::ZERO, |all| all[0].muted));
}
