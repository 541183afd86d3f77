//! Codes and the small values at the crate's border.

use onus_model::{
    Code, Date, Duration, DutyKind, Money, Prior, Probability, Rate, Severity, SystemIndex, Time, UnknownCode,
};

#[test]
fn codes_are_found_by_their_text_and_explain_themselves() {
    for code in Code::ALL {
        assert_eq!(code.as_str().parse(), Ok(*code));
        assert_eq!(code.as_str().to_lowercase().trim_start_matches("onus-").parse(), Ok(*code));
        let letter = if code.severity() == Severity::Error { "ONUS-E" } else { "ONUS-W" };
        assert!(code.as_str().starts_with(letter), "{code}");
        let lines: Vec<&str> = code.explanation().lines().collect();
        assert_eq!(lines[0], format!("# {code}: {}", code.title()));
        assert!((5..=16).contains(&lines.len()), "{code} has {} lines", lines.len());
    }
    let texts: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert!(texts.is_sorted_by(|a, b| a < b), "each code once, in order");
    let unknown: UnknownCode = "E9999".parse::<Code>().unwrap_err();
    assert_eq!(unknown.to_string(), "`E9999` is not a code; codes look like ONUS-E0018");
    assert_eq!(serde_json::to_string(&Code::Gap).unwrap(), "\"ONUS-W0101\"");
    assert_eq!(serde_json::to_string(&Severity::Note).unwrap(), "\"note\"");
    assert_eq!(
        [Severity::Note, Severity::Warning, Severity::Error].map(|s| s.to_string()),
        ["note", "warning", "error"]
    );
}

#[test]
fn the_examples_of_the_explanations_of_errors_are_yaml() {
    for code in Code::ALL
        .iter()
        .filter(|code| !["ONUS-E0002", "ONUS-E0003", "ONUS-E0004", "ONUS-E0035"].contains(&code.as_str()))
    {
        let Some(example) = code.explanation().split("```yaml\n").nth(1) else { continue };
        let example = example.split("```").next().unwrap();
        assert!(serde_yaml::from_str::<serde_yaml::Value>(example).is_ok(), "{code}: {example}");
    }
}

#[test]
fn values_are_written_as_they_were_read() {
    let same = |written: String, text: &str| assert_eq!(written, text);
    for text in ["2023-11-17T01:42:00+09:00", "2023-11-17T01:42:00.250000000-03:30", "0001-01-01T00:00:00+00:00"] {
        same(text.parse::<Time>().unwrap().to_string(), text);
    }
    same("2024-02-29".parse::<Date>().unwrap().to_string(), "2024-02-29");
    same("1d 12h".parse::<Duration>().unwrap().to_string(), "1d 12h");
    same("2e-6 per hour".parse::<Rate>().unwrap().to_string(), "2e-6 per hour");
    same("5e8 KRW".parse::<Money>().unwrap().to_string(), "5e8 KRW");
    same(Probability::new(0.25).unwrap().to_string(), "0.25");
    let time = |text: &str| text.parse::<Time>();
    assert_eq!(time("2023-11-17T01:42+09:00"), time("2023-11-16t16:42:00z"));
    for bad in [
        "2023-11-17T01:42:00+09",
        "2023-11-17T01:42:00+09:00:30",
        "20231117T014200Z",
        "2023-11-17T01:42:00+09:00[Asia/Seoul]",
        "2023-11-17T01Z",
        "2023-11-17T01:42.5Z",
        "+002023-11-17T01:42:00Z",
        "9999-12-31T23:59:59-23:59",
        "é",
    ] {
        assert!(time(bad).is_err(), "{bad}");
    }
    assert!(time("2023-11-17T01:42:00Z").unwrap() < time("2023-11-17T01:42:00-01:00").unwrap());
    let seoul = time("2023-11-17T01:42:00+09:00").unwrap();
    assert_eq!(
        (seoul.clock(), seoul.in_offset_of(time("2023-01-01T00:00:00Z").unwrap()).clock()),
        ("01:42".into(), "16:42".into())
    );
    assert!((seoul.as_seconds() - 1_700_152_920.0).abs() < 1e-6);
    for bad in ["2023-02-29", "2023-2-1", "23-02-01", "2023-02-01T00:00"] {
        assert!(bad.parse::<Date>().is_err(), "{bad}");
    }
    let rate: Rate = "0.5/year".parse().unwrap();
    let prior = Prior::Rate(rate.clone(), "365d".parse().unwrap());
    assert!((prior.probability().get() - 0.393_469).abs() < 1e-6 && (rate.per_hour() * 8760.0 - 0.5).abs() < 1e-12);
    assert_eq!(DutyKind::ALL.map(|duty| duty.to_string()).join(" "), "build supply operate maintain monitor integrate");
    assert_eq!(SystemIndex::new(7).index(), 7);
}
