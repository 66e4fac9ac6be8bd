//! Every form of credential, and everything that only looks like one.

use super::*;

fn masked(text: &str) -> (String, u64) {
    let mut hits = 0;
    let out = redact(text, &mut hits).into_owned();
    (out, hits)
}

#[test]
fn every_form_of_credential_is_masked() {
    let key = format!("AKIA{}", "A1B2C3D4E5F6G7H8");
    for (text, expected) in [
        ("Authorization: Bearer abcdef0123456789abcdef".to_owned(), "Authorization: Bearer <redacted:token>"),
        ("postgres://app:hunter2@db/shop".to_owned(), "postgres://app:<redacted:password>@db/shop"),
        (r#"{"password": "correct-horse"}"#.to_owned(), r#"{"password": "<redacted:password>"}"#),
        (format!("key {key} used"), "key <redacted:api-key> used"),
        ("t=eyJhbGciOiJI.eyJzdWIiOiIx.c2ln".to_owned(), "t=<redacted:jwt>"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----".to_owned(), "<redacted:private-key>"),
    ] {
        assert_eq!(masked(&text), (expected.to_owned(), 1), "{text}");
    }
}

#[test]
fn tokens_of_many_makers_are_masked() {
    let a = |n: usize| "a1B2".repeat(16)[..n].to_owned();
    let hex = "0f1e".repeat(16);
    for token in [
        format!("AIza{}", a(35)),
        format!("ya29.{}", a(30)),
        format!("GOCSPX-{}", a(28)),
        format!("ghs_{}", a(36)),
        format!("glpat-{}", a(20)),
        format!("github_pat_{}", a(30)),
        format!("xoxb-{}", a(20)),
        format!("xapp-1-{}", a(20)),
        format!("sk-ant-api03-{}", a(40)),
        format!("sk-proj-{}", a(40)),
        format!("rk_live_{}", a(24)),
        format!("sk_test_{}", a(24)),
        format!("whsec_{}", a(32)),
        format!("npm_{}", a(36)),
        format!("pypi-{}", a(60)),
        format!("hf_{}", a(34)),
        format!("SG.{}.{}", a(22), a(43)),
        format!("shpat_{}", &hex[..32]),
        format!("dckr_pat_{}", a(27)),
        format!("gsk_{}", a(52)),
    ] {
        let expected = "sent <redacted:api-key> (ok)".to_owned();
        assert_eq!(masked(&format!("sent {token} (ok)")), (expected, 1), "{token}");
        assert_eq!(masked(&format!("x{token}")).1, 0, "inside a word: {token}");
    }
}

#[test]
fn secrets_are_masked_after_their_names_in_any_spelling() {
    for (text, expected) in [
        ("AWS_SECRET_ACCESS_KEY=wJalrXUt/K7MDENG", "AWS_SECRET_ACCESS_KEY=<redacted:password>"),
        ("secretAccessKey: 'wJalrXUt/K7MDENG'", "secretAccessKey: '<redacted:password>'"),
        ("Name=a;AccountKey=Zm9vYmFy==;Suffix=b", "Name=a;AccountKey=<redacted:password>;Suffix=b"),
        (r#"{\"client-secret\":\"q1w2e3r4\"}"#, r#"{\"client-secret\":\"<redacted:password>\"}"#),
        ("DB_PaSsWoRd = hunter22 end", "DB_PaSsWoRd = <redacted:password> end"),
        ("X-Api-Key: 0123456789", "X-Api-Key: <redacted:password>"),
        ("authorization: token 0123456789abcdef0", "authorization: token <redacted:token>"),
        ("BASIC\tdXNlcjpwYXNzd29yZA==", "BASIC\t<redacted:token>"),
        ("Cookie: theme=dark; id=q1w2e3", "Cookie: theme=<redacted:cookie>"),
        ("GET /f?a=1&sig=abcdefghij0123456789%3D HTTP", "GET /f?a=1&sig=<redacted:signature> HTTP"),
        (
            "https://discord.com/api/webhooks/123456789/abcDEF_ghi",
            "https://discord.com/api/webhooks/<redacted:webhook>",
        ),
        ("https://hooks.slack.com/services/T000/B000/abcdef", "https://hooks.slack.com/services/<redacted:webhook>"),
        (
            r#""private_key": "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n", "id": 1"#,
            r#""private_key": "<redacted:private-key>\n", "id": 1"#,
        ),
        ("amqp://:p%40ss@mq:5672", "amqp://:<redacted:password>@mq:5672"),
    ] {
        assert_eq!(masked(text), (expected.to_owned(), 1), "{text}");
    }
}

#[test]
fn what_is_masked_already_or_no_secret_stays() {
    for text in [
        "AUTH=REDACTED",
        "postgres://***@db/shop",
        "postgres://u:***@db",
        "password: ********",
        "password is wrong",
        "the basic plan costs nothing",
        "basic configuration loaded",
        "tokens: 1234567 used, token=short",
        "https://shop.example:8443/a?x=b@c",
        "cookie: disabled entirely",
        "task-management-of-everything-else",
        "session=0f1e2d3c4b5a69788796a5b4c3d2e1f0",
        "webhook delivered to /webhooks/short",
    ] {
        assert_eq!(masked(text), (text.to_owned(), 0), "{text}");
    }
}

#[test]
fn masking_twice_changes_nothing_more() {
    let once = masked("password=hunter22 Bearer abcdef0123456789abcdef postgres://u:pw@h").0;
    assert_eq!(masked(&once), (once.clone(), 0));
}

#[test]
fn only_the_place_of_the_secret_changes() {
    assert_eq!(masked("api_key=api_key").0, "api_key=<redacted:password>");
}

#[test]
fn what_was_json_stays_json() {
    for (text, shown) in [
        (r#"{"l":"password=\u0000a1b2c3d4 x"}"#, r#"{"l":"password=\u0000<redacted:password> x"}"#),
        (r#"{"l":"password: \t\"a1b2c3d4\""}"#, r#"{"l":"password: \t\"<redacted:password>\""}"#),
        (r#"{"l":"authorization=\u001ba1b2c3d4e5f6g7h8"}"#, r#"{"l":"authorization=\u001b<redacted:token>"}"#),
        (r#"{"l":"password:\nTraceback"}"#, r#"{"l":"password:\nTraceback"}"#),
        (r#"{"password":"","user":"a1b2c3d4"}"#, r#"{"password":"","user":"a1b2c3d4"}"#),
        ("password='' somebody", "password='' somebody"),
    ] {
        assert_eq!(masked(text).0, shown);
        assert!(!text.starts_with('{') || serde_json::from_str::<serde_json::Value>(shown).is_ok());
    }
}

#[test]
fn rules_add_forms_and_allowed_texts_stay() {
    let rules = [("badge", r"badge-(?<secret>[0-9]{4})"), ("pin", "PIN[0-9]+")];
    let redactor = Redactor::new(&rules, &["^hunter", "^PIN0$"]).unwrap();
    let mut hits = Hits::default();
    let out = redactor.redact("badge-1234 badge-5678 PIN0 PIN1 password=hunter22 pwd=secret77", &mut hits);
    assert_eq!(
        out,
        "badge-<redacted:badge> badge-<redacted:badge> PIN0 <redacted:pin> password=hunter22 pwd=<redacted:password>"
    );
    assert_eq!(hits.iter().collect::<Vec<_>>(), [("badge", 2), ("password", 1), ("pin", 1)]);
    assert_eq!(hits.total(), 4);
}

#[test]
fn a_rule_that_cannot_work_is_refused_by_name() {
    let error = |rule: (&str, &str)| Redactor::new(&[rule], &[]).err().unwrap();
    assert!(error(("badge", "(")).contains("`badge`"));
    assert!(error(("badge", "x*")).contains("empty"));
    assert!(error(("Badge 1", "x")).contains("`Badge 1`"));
    assert!(Redactor::new(&[], &["["]).err().unwrap().contains("`allow`"));
}

#[test]
fn every_form_is_marked_wherever_its_pattern_matches() {
    let redactor = Redactor::new(&[], &[]).unwrap();
    let pieces = [
        "password",
        "passwd",
        "pwd",
        "secret",
        "access",
        "key",
        "token",
        "client",
        "_",
        "-",
        "\\",
        "\"",
        "'",
        " ",
        "\t",
        ":",
        "=",
        "://",
        "@",
        "Bearer",
        "BASIC",
        "authorization",
        "cookie",
        "?sig",
        "&sig",
        "x-amz-signature",
        "eyJ",
        ".eyJ",
        "sk-",
        "sk_live_",
        "AKIA",
        "github_pat_",
        "a1b2c3d4",
        "0123456789abcdef",
        "ABCDEFGH01234567",
        "/",
        ".",
        "é",
        "\n",
        "-----BEGIN ",
        "PRIVATE KEY-----",
        "hooks.slack.com/services/",
        "connect.sid",
        "xoxb-",
        "refresh",
        "id",
        "GOCSPX-",
        "ghu_",
        "glpat-",
        "xapp-1-",
        "rk_test_",
        "whsec_",
        "npm_",
        "pypi-",
        "hf_",
        "SG.",
        "shpat_",
        "gsk_",
        "ya29.",
        "AIza",
        "ASIA",
        "basic",
        "discord.com/api/webhooks/",
        "0f1e2d3c4b5a69788796a5b4c3d2e1f000112233",
        "Zz0_Yy1-Xx2_Ww3-Vv4_Uu5-Tt6_Ss7-Rr8",
        "\\n",
        "\\t",
        "\\\\r",
        "\\u000a",
        "\\u001b[31m",
        "%3D",
        "\\\"",
        "\\/",
        "\",\"value\":\"",
        "=>",
        "--",
        "Token",
        "Secret",
    ];
    let mut state = 1_u64;
    let mut matched = 0;
    for length in (1..=12).cycle().take(160_000) {
        let mut text = String::new();
        for _ in 0..length {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(pieces[(state >> 33) as usize % pieces.len()]);
        }
        let marked = marked(text.as_bytes());
        for (form, (name, ..)) in FORMS.iter().enumerate() {
            // Names that prove nothing are marked by what follows: there only what is masked has a mark.
            let masks = || redactor.mask(&text, 1 << form, &mut Hits::default()) != text;
            let matches = if form == PASSWORD { masks() } else { redactor.form(form).is_match(&text) };
            matched += u64::from(matches);
            assert!(!matches || marked & 1 << form != 0, "{name} in {text:?}");
        }
    }
    assert!(matched > 3000, "{matched}");
}

/// Secrets of every form, and where each stands in its text.
fn one_of_each() -> Vec<(String, String)> {
    let a = |n: usize| "a1B2".repeat(16)[..n].to_owned();
    let of = |before: &str, secret: String| (before.to_owned(), secret);
    vec![
        of("", "-----BEGIN PRIVATE KEY-----abc-----END PRIVATE KEY-----".to_owned()),
        of("", format!("eyJ{}.eyJ{}.{}", a(16), a(16), a(20))),
        of("", format!("AIza{}", a(35))),
        of("", format!("ghp_{}", a(36))),
        of("", format!("github_pat_{}", a(30))),
        of("", format!("sk-proj-{}", a(40))),
        of("", format!("rk_live_{}", a(24))),
        of("", format!("xoxb-{}", a(20))),
        of("", format!("dckr_pat_{}", a(27))),
        of("", "AKIAA1B2C3D4E5F6G7H8".to_owned()),
        of("", format!("SG.{}.{}", a(22), a(43))),
        of("Bearer ", a(32)),
        of("BASIC\t", a(32)),
        of("://u:", "p@ss,w\u{e9}rd".to_owned()),
        of("password=", "hunter22".to_owned()),
        of("pwd\t= ", "p\u{e9}ss/w\\ord=".to_owned()),
        of("\"client_secret\": \"", "hunter22".to_owned()),
        of("X-Api-Key: ", "hunter22".to_owned()),
        of("userPassword: '", "hunter22".to_owned()),
        of("PGPASSWORD=", "hunter22".to_owned()),
        of("reset_token=", a(16)),
        of("--db-password ", "hunter22".to_owned()),
        of("{\"name\":\"DB_PASSWORD\",\"value\":\"", "hunter22".to_owned()),
        of("{\"name\": \"Cookie\",\n \"value\": \"sid=", a(16)),
        of("Authorization: Token ", a(32)),
        of("cookie: id=", a(16)),
        of("jsessionid=", a(16)),
        of("x-amz-signature=", a(32)),
        of("/?a&sig=", a(32)),
        of("hooks.slack.com/services/", "T000/B000/abcdefgh".to_owned()),
        of("discord.com/api/webhooks/", "123456789/abcDEF_ghi".to_owned()),
    ]
}

#[test]
fn the_same_is_masked_in_a_text_and_in_the_json_it_was_written_as() {
    // As encoders write it: the least, slashes and what HTML may not hold escaped, nothing but ASCII, escaped again.
    let plain = |text: &str| serde_json::to_string(text).unwrap();
    let careful = |text: &str| plain(text).replace('/', "\\/").replace('&', "\\u0026").replace('>', "\\u003e");
    let ascii = |text: &str| plain(text).replace('\u{e9}', "\\u00e9").replace("\\n", "\\u000a");
    let twice = |text: &str| plain(&plain(text));
    let thrice = |text: &str| plain(&plain(&plain(text)));
    let encoders: [&dyn Fn(&str) -> String; 5] = [&plain, &careful, &ascii, &twice, &thrice];
    let behind = [
        "",
        "x ",
        "x\n",
        "x\t",
        "x\r\n",
        "x\u{8}",
        "x\u{c}",
        "x\u{1b}[31m",
        "x\"",
        "x\\n",
        "x\\\\n",
        "x\\u000a",
        "=\u{e9}",
        "%0A",
    ];
    for (name, secret) in one_of_each() {
        for before in behind {
            let end = if name == "://u:" { "@h\nand \"more\"" } else { "\nand \"more\"" };
            let text = format!("{before}{name}{secret}{end}");
            let (shown, hits) = masked(&text);
            assert_eq!(hits, 1, "{text:?} is {shown:?}");
            assert!(shown.starts_with(&format!("{before}{name}<redacted:")), "{text:?} is {shown:?}");
            assert!(shown.ends_with(&format!(">{end}")), "{text:?} is {shown:?}");
            for encode in encoders {
                let row = format!("{{\"textPayload\":{},\"labels\":{{}}}}", encode(&text));
                let (masked_row, hits) = masked(&row);
                assert_eq!(hits, 1, "{row} is {masked_row}");
                assert_eq!(
                    masked_row,
                    format!("{{\"textPayload\":{},\"labels\":{{}}}}", encode(&shown).replace("\\u003e", ">")),
                    "{row}"
                );
                assert!(serde_json::from_str::<serde_json::Value>(&masked_row).is_ok(), "{masked_row}");
            }
        }
    }
}

#[test]
fn what_is_known_of_a_text_is_masked_in_json_that_was_written_for_html() {
    let html = |text: &str| {
        let plain = serde_json::to_string(text).unwrap();
        [('=', "3d"), ('&', "26"), ('\'', "27"), ('<', "3c"), ('>', "3e")]
            .into_iter()
            .fold(plain, |text, (letter, code)| text.replace(letter, &format!("\\u00{code}")))
    };
    let redactor = Redactor::new(&[], &[]).unwrap();
    let more = [("password='", "hunter2x"), ("password => '", "hunter2x"), ("api_key = ", "Zk81mQwLx0Tr7")];
    for (name, secret) in
        one_of_each().into_iter().chain(more.map(|(name, secret)| (name.to_owned(), secret.to_owned())))
    {
        let end = if name == "://u:" { "@h\nand" } else { "\nand" };
        let text = format!("x {name}{secret}{end}");
        let row = format!("{{\"textPayload\":{}}}", html(&text));
        let mut hits = Hits::default();
        let masked_row = redactor.mask(&row, Redactor::forms(&text), &mut hits);
        let written = html(&secret);
        assert!(!masked_row.contains(written.trim_matches('"')), "{row} is {masked_row}");
        assert!(serde_json::from_str::<serde_json::Value>(&masked_row).is_ok(), "{masked_row}");
        assert_eq!(hits.total(), 1, "{row} is {masked_row}");
    }
    // Also where no text was read before.
    for text in [html("x password=Zk81mQwLx0Tr7"), format!("{{\"q\":{}}}", html(&html("api_key=Zk81mQwLx0Tr7")))] {
        let (shown, hits) = masked(&text);
        assert!(hits == 1 && !shown.contains("Zk81mQwLx0Tr7"), "{text} is {shown}");
    }
}

#[test]
fn names_at_the_end_of_words_in_pairs_and_in_options_are_names() {
    let random = "Zk81mQwLx0Tr7";
    for text in [
        "{\"userPassword\":\"@\"}",
        "{ newPassword: '@' }",
        "confirmPassword=@",
        "dbPassword: @",
        "PGPASSWORD=@ psql",
        "{\"googleClientSecret\":\"@\"}",
        "stripeApiKey=@",
        "{\"secret\":\"@\"}",
        "{\"token\": \"@\"}",
        "GET /reset?token=@",
        "GET /reset?a=b&reset_token=@&c=d",
        "{\"csrfToken\":\"@\"}",
        "{\"user\"=>\"bob\", \"password\"=>\"@\"}",
        "{:password => \"@\"}",
        "password=>@",
        "x password => @ y",
        r#"{"body": "{\"b\": \"{\\\"password\\\": \\\"@\\\"}\"}"}"#,
        "psql --password @ -h db",
        "[\"--db-password\", \"@\"]",
        "--token '@'",
        "{\"name\": \"DB_PASSWORD\", \"value\": \"@\"}",
        "{\"Key\":\"API_KEY\",\"Value\":\"@\"}",
        "{\"name\":\"X-Api-Key\",\n  \"value\":\"@\"}",
        r#"{\"name\":\"JWT_SECRET\",\"value\":\"@\"}"#,
        "{\"key\":\"token\",\"value\":\"@\"}",
    ] {
        let expected = text.replace('@', "<redacted:password>");
        assert_eq!(masked(&text.replace('@', random)), (expected, 1), "{text}");
    }
    assert_eq!(masked("bad token: password=hunter22").0, "bad token: password=<redacted:password>");
    assert_eq!(masked("postgresql://u:p@w@h/d").0, "postgresql://u:<redacted:password>@h/d");
    assert_eq!(masked("https://u:pw@h?mail=a@b.c").0, "https://u:<redacted:password>@h?mail=a@b.c");
}

#[test]
fn weak_names_before_what_is_no_secret_stay() {
    for text in [
        "token: 12",
        "tokens=1234567890123456",
        "max_token: 4096",
        "{\"usage\":{\"prompt_token\":153,\"total_token\":\"1234567890123\"}}",
        "invalid token: expired yesterday",
        "unexpected token: OrderServiceV2Handler",
        "{\"token\":\"null\"}",
        "{\"token\":\"unauthenticated\"}",
        "token=2025-09-12T00:00:00Z",
        "token={token} secret=<secret> token=${TOKEN_FROM_ENV_12}",
        "secret: db-credentials-v2-production",
        "\"secret\":\"projects/p1/secrets/db1/versions/4\"",
        "token: user-service-v2",
        "Error in resetPassword: TokenExpiredError",
        "ERROR forgotPassword: Timeout",
        "use the --password option here",
        "--password-file /run/secrets/db1",
        "--token expired yesterday",
        "---------- token 12345678 ----------",
        "{\"name\":\"PORT\",\"value\":\"8080808080\"}",
        "{\"name\":\"value\",\"value\":\"Zk81mQwLx0Tr7\"}",
        r"C:\tools\new\basic configuration",
        r"C:\desk-management-of-everything-else",
        r"\risk-management-of-everything-else",
        "ghp_short",
    ] {
        assert_eq!(masked(text), (text.to_owned(), 0), "{text}");
    }
}

#[test]
fn near_matches_hide_no_secret_and_are_passed_by_in_one_look() {
    for near in
        ["token:", "aPassword:", "token=a1:", "{\"secret\":\"none\"} ", "--token word ", "\"token\",\"value\":1,"]
    {
        for times in [1, 70, 4000] {
            let near = near.repeat(times);
            assert_eq!(masked(&format!("{near}password=hunter22")).0, format!("{near}password=<redacted:password>"));
        }
    }
    // Read from each name to the end, this would take minutes.
    let text = "token=a1b:".repeat(100_000);
    assert_eq!(masked(&text), (text.clone(), 0));
}

#[test]
fn bare_numbers_of_json_stay_or_are_masked_in_quotes() {
    let mask = "\"<redacted:password>\"";
    for (row, expected) in [
        (r#"{"password":12345678}"#, format!(r#"{{"password":{mask}}}"#)),
        (r#"{"user_password": -1234567.5,"b":1}"#, format!(r#"{{"user_password": {mask},"b":1}}"#)),
        (r#"{"Password":[12345678]}"#, format!(r#"{{"Password":[{mask}]}}"#)),
        (r#"{"password":true,"api_key":null,"access_token":false}"#, String::new()),
        (r#"{"password":[false,"ok"],"access_token":[[null,1]]}"#, String::new()),
        (r#"{"resetPassword":1735689600,"hashPassword":123.456}"#, String::new()),
        (r#"{"createAccessToken":1.234567e5}"#, String::new()),
        (r#"{"token":123456789012345,"secret":[1234567890123]}"#, String::new()),
        (r#"[{"name":"refresh_token","value":1234567},{"name":"x","value":2}]"#, String::new()),
        (r#"[{"name":"password","value":[1234567]}]"#, String::new()),
        (r#"["x","--password",12345678]"#, String::new()),
        (r#"[{"msg":"Invalid password","value":1234567,"field":"pw"}]"#, String::new()),
    ] {
        let expected = if expected.is_empty() { row.to_owned() } else { expected };
        assert_eq!(masked(row).0, expected);
        let (mut row, mut expected) = (row.to_owned(), expected);
        for _ in 0..3 {
            (row, expected) = (serde_json::to_string(&row).unwrap(), serde_json::to_string(&expected).unwrap());
            let masked = masked(&row).0;
            assert_eq!(masked, expected);
            assert!(serde_json::from_str::<serde_json::Value>(&masked).is_ok(), "{masked}");
        }
    }
}

#[test]
fn cookies_beside_what_was_masked_are_masked() {
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abcdef12345";
    for (text, expected) in [
        (format!("x cookie: sid=s3cr3tvalue1; jwt={jwt}"), "x cookie: sid=<redacted:cookie>"),
        (
            "cookie: sid=s3cr3tvalue1\tauthorization: Bearer abcdefghijklmnop1234".to_owned(),
            "cookie: sid=<redacted:cookie>",
        ),
        (format!("cookie: a=none; sid=REDACTED; id={jwt}&sid=s3cr3t"), "cookie: a=<redacted:cookie>"),
        ("cookie: sid=[REDACTED]; jwt=***".to_owned(), "cookie: sid=[REDACTED]; jwt=***"),
        (format!("cookie: jwt={jwt}"), "cookie: jwt=<redacted:jwt>"),
        ("password=redacted1x2y3z".to_owned(), "password=<redacted:password>"),
        ("x --password :correcthorse".to_owned(), "x --password :<redacted:password>"),
    ] {
        assert_eq!(masked(&text).0, expected, "{text}");
        assert_eq!(masked(expected).0, expected);
    }
}

#[test]
fn words_paths_measures_and_ids_behind_names_that_prove_little_stay() {
    for text in [
        "verifyPassword: 123.45ms",
        "changePassword:88ms-p99",
        "updatePassword: user42 not found",
        "changePassword: INVALID_2FA",
        "resetPassword: [req-123abc] started",
        "validateApiKey:/app/src/auth.js:12:4",
        "verifyPassword: user.js:120:5",
        "refreshAccessToken: https://h/a1b2",
        "{\"confirmPassword\":\"Confirm\",\"newPassword\":\"Neues Passwort\"}",
        "{\"forgotPassword\":\"/auth/forgot-password1\"}",
        "{\"errors\":{\"newPassword\":\"too-short\"}}",
        "hashPassword: rounds=10,cost",
        "forgotPassword: bob42@example.com has been mailed",
        "password => bcrypt.hash(password)",
        "userPassword = hash2x(password)",
        "{\"msg\":\"Wrong password\",\"value\":\"user42abc\"}",
        "secret: default-token-x7k2p",
        "secret=till-tls-7d9c5b8f6d",
        "secret: ns1/db1-creds-5f7d9",
        "lock token: 00f067aa0ba902b7",
        "trace token: 4bf92f3577b34da6",
        "token: 550e8400-e29b-41d4-a716-446655440000",
        "next_page_token=CAESBxIFCgNmb28x2",
        "{\"NextContinuationToken\":\"1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J\"}",
        "{\"syncToken\":\"CPDAlvWDx70CEPDAlvWDx70CGAU=\",\"pageToken\":\"CAIQAA1x9z8y\"}",
        "unknown token: v1.2.3-rc1+b5c6",
        "psql --password /run/secrets/db1",
        "docker build --secret id=a1b2c3d4e5f6",
        "usage: x [--password PASSWORD1]",
    ] {
        assert_eq!(masked(text), (text.to_owned(), 0));
        let row = serde_json::to_string(text).unwrap();
        assert_eq!(masked(&row), (row.clone(), 0));
    }
    for text in ["userPassword: Zk81mQwLx0Tr7", "{\"userPassword\":\"P@ssw0rd!\"}", "--db-password hunter22 -h db"] {
        assert_eq!(masked(text).1, 1, "{text}");
    }
}
