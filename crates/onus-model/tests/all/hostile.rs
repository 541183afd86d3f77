//! Texts made to hurt: each ends in problems (or a model) without a panic, an overflow, or more than a bounded effort.

use std::io::{self, Read};

use onus_model::{Code, Error, Limits, Model, Source};

const HEAD: &str = "format: onus/1\n";

/// The codes of all problems; none if the text is a model.
fn codes(text: &str) -> Vec<Code> {
    told(Model::from_text("hostile", text)).into_iter().map(|(code, _)| code).collect()
}

/// Code, and `line:column message`.
fn told(result: Result<Model, Error>) -> Vec<(Code, String)> {
    match result {
        Ok(model) => {
            model.verify();
            Vec::new()
        }
        Err(Error::Invalid(problems)) => {
            assert!(!problems.is_empty());
            let line = |problem: &onus_model::Diagnostic| {
                let place = problem.location.as_ref().map_or_else(String::new, |l| format!("{}:{} ", l.line, l.column));
                format!("{place}{}", problem.message)
            };
            problems.iter().map(|problem| (problem.code, line(problem))).collect()
        }
        Err(other) => panic!("{other}"),
    }
}

fn problems(text: &str) -> Vec<String> {
    told(Model::from_text("hostile", text)).into_iter().map(|(_, message)| message).collect()
}

#[test]
fn deep_nesting_is_refused_in_every_style() {
    for text in [
        "[".repeat(100_000),
        "{a: ".repeat(100_000),
        "- ".repeat(100_000),
        "? ".repeat(100_000),
        "{? ".repeat(100_000),
        (1..2_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect(),
        "&a [".repeat(10_000),
    ] {
        let codes = codes(&text);
        assert!(codes.contains(&Code::TooLarge) || codes.contains(&Code::Syntax), "{text:.20} {codes:?}");
    }
    let needs = |depth| {
        format!("{HEAD}systems:\n  a: {{}}\n  b:\n    needs: [{}a{}]\n", "{any: [".repeat(depth), "]}".repeat(depth))
    };
    assert!(codes(&needs(28)).is_empty());
    assert_eq!(codes(&needs(40)), [Code::TooLarge]);
}

#[test]
fn needs_built_in_code_nest_no_deeper_than_those_in_files() {
    use onus_model::document::{Model, Need, System};
    let need = (0..200).fold(Need::from("a"), |need, _| Need::any([need]));
    let model = Model::new("").system("a", System::new()).system("b", System::new().needs(need));
    assert_eq!(model.build().unwrap_err().diagnostics()[0].code, Code::TooLarge);
}

#[test]
fn aliases_multiply_nothing_for_long() {
    let mut laughs = format!("{HEAD}a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for at in 1..20 {
        laughs += &format!("a{at}: &a{at} [{}]\n", vec![format!("*a{}", at - 1); 9].join(", "));
    }
    assert!(codes(&laughs).contains(&Code::TooLarge));
    let long = format!("{HEAD}description: &a \"{}\"\nx: [{}]\n", "x".repeat(1_000_000), vec!["*a"; 10_000].join(", "));
    assert!(codes(&long).contains(&Code::TooLarge), "few values, but many bytes");
    assert_eq!(codes("a: &a [*a]"), [Code::Syntax]);
    assert_eq!(codes("a: *b"), [Code::Syntax]);
    // What an alias stands for is reported where it is written, and once.
    let broken = format!(
        "{HEAD}systems:\n  a: {{ faults: {{ f: &f {{ cause: x, probability: y }} }} }}\n{}",
        (0..5_000).map(|at| format!("  s{at}: {{ faults: {{ f: *f }} }}\n")).collect::<String>()
    );
    assert_eq!(problems(&broken), ["3:49 expected a number, found `y`"]);
    let fine = format!(
        "{HEAD}systems:\n  a: {{ faults: &f {{ f: {{ cause: x, probability: 0.1 }} }} }}\n  b: {{ faults: *f }}\n"
    );
    assert_eq!(codes(&fine), []);
}

#[test]
fn what_is_too_long_is_not_read_to_its_end() {
    /// As many of one byte as anybody asks for, counted.
    struct Endless(u64);
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            buffer.fill(b'x');
            self.0 += buffer.len() as u64;
            assert!(self.0 < 100 << 20, "read on past the limit");
            Ok(buffer.len())
        }
    }
    let told = Source::from_reader("endless", Endless(0), Limits::default()).unwrap_err();
    assert_eq!(
        told.to_string(),
        "error[ONUS-E0003]: endless: the file is longer than the 33554432 bytes that this reader takes"
    );
    assert_eq!(codes(&format!("title: \"{}\"", "x".repeat(2 << 20))), [Code::TooLarge]);
    assert_eq!(codes(&format!("title: {}", "x ".repeat(1 << 20))), [Code::TooLarge]);
    assert_eq!(codes(&format!("title: |\n{}", "  x\n".repeat(1 << 20))), [Code::TooLarge]);
    assert!(!codes(&format!("{}: b", "k".repeat(2 << 20))).is_empty());
    let small = Limits { bytes: 10, ..Limits::default() };
    assert!(Source::from_text("small", "0123456789", small).is_ok());
    assert!(Source::from_text("small", "0123456789a", small).is_err());
}

#[test]
fn brackets_are_not_held_back_forever() {
    assert_eq!(codes(&format!("[{}]", "a,".repeat(2_000_000))), [Code::TooLarge]);
    assert_eq!(codes(&format!("k: [[{}]]", "a,".repeat(2_000_000))), [Code::TooLarge]);
    assert_eq!(codes(&format!("{{{}}}", ":,".repeat(1_000_000))), [Code::TooLarge]);
    let many = format!("{HEAD}systems: {{{}}}\n", (0..50_000).map(|at| format!("s{at}: {{}}, ")).collect::<String>());
    assert_eq!(codes(&many), []);
}

#[test]
fn a_file_of_nothing_but_problems_tells_a_hundred_and_that_there_are_more() {
    let lines =
        |line: &dyn Fn(usize) -> String| format!("{HEAD}systems:\n{}", (0..20_000).map(line).collect::<String>());
    for text in [
        lines(&|at| format!("  s{at}: {{ needs: [t{at}] }}\n")),
        lines(&|at| format!("  s{at}: {{ ned: [x] }}\n")),
        lines(&|at| format!("  s{at}: {{ demand: {{ users: x }} }}\n")),
        lines(&|at| format!("  s{at}: {{ needs: [{{ any: 1, of: 2 }}] }}\n")),
        lines(&|_| "  s: {}\n".to_owned()),
        (0..20_000).map(|at| format!("k{at}: 1\n")).collect(),
    ] {
        let told = problems(&text);
        assert_eq!(told.len(), 101, "{:?}", told.first());
        assert_eq!(told[100], "there are more problems than the 100 told here");
        let first: usize = told[0].split(':').next().unwrap().parse().unwrap();
        assert!(first <= 4, "the first ones of the text: {}", told[0]);
    }
}

#[test]
fn a_large_file_that_needs_many_readings_is_given_up_in_words() {
    let mut text = format!("{HEAD}systems:\n");
    for at in 0..60_000 {
        text += &format!("  s{at}: {{ needs: [] }}\n");
    }
    text += &format!("  z: {{ needs: [{}] }}\n", vec!["{ any: [s1], of: [] }"; 50].join(", "));
    let told = problems(&text);
    assert!((2..50).contains(&told.len()), "{}", told.len());
    assert!(told.last().unwrap().starts_with("there are more problems than"));
}

#[test]
fn selectors_select_and_patterns_are_tried_within_bounds() {
    let systems: String = (0..40_000).map(|at| format!("  s{at}: {{}}\n")).collect();
    let text = |of: String| {
        format!(
            "{HEAD}contractors: {{ n: {{}} }}\ncontracts:\n  c: {{ contractor: n, duties: [{of}] }}\nsystems:\n{systems}"
        )
    };
    let all = vec!["{ duty: operate, of: [\"*\"] }"; 2_000].join(", ");
    assert!(codes(&text(all)).contains(&Code::TooLarge));
    let none = (0..2_000).map(|at| format!("\"*x{at}\"")).collect::<Vec<_>>().join(", ");
    let told = codes(&text(format!("{{ duty: operate, of: [{none}] }}")));
    assert!(told.contains(&Code::EmptySelector) && told.contains(&Code::TooLarge));
}

#[test]
fn long_chains_and_rings_of_contracts_are_followed_once() {
    let chain = |under: &dyn Fn(usize) -> String| {
        let contracts: String = (0..30_000).map(|at| format!("  c{at}: {{ contractor: n{} }}\n", under(at))).collect();
        format!("{HEAD}contractors: {{ n: {{}} }}\ncontracts:\n{contracts}")
    };
    assert_eq!(codes(&chain(&|at| if at > 0 { format!(", under: c{}", at - 1) } else { String::new() })), []);
    let ring = problems(&chain(&|at| format!(", under: c{}", (at + 1) % 30_000)));
    assert_eq!(
        ring,
        [
            "4:31 `c0` is a subcontract of itself: c0 under c1 under c2 under c3 under c4 under c5 under c6 under c7 under … \
         under c0"
        ]
    );
}

#[test]
fn bytes_that_are_no_text_are_shown_where_they_stand() {
    let read = |bytes: &[u8]| {
        let source = Source::from_reader("bytes", bytes, Limits::default());
        told(source.and_then(|source| Model::from_source(&source))).remove(0).1
    };
    assert_eq!(read(b"a: \xC3\xA9\nb: \xFF\n"), "2:4 this byte, 0xFF, does not belong into a UTF-8 text");
    assert_eq!(read(b"\xFF\xFEf\0o\0"), "1:1 this byte, 0xFF, does not belong into a UTF-8 text");
    let mut late = vec![b'x'; 3 << 20];
    late.push(0xC3);
    assert!(read(&late).contains("0xC3"));
    assert!(codes("format: onus/1\ntitle: \"a\0b\"\n").contains(&Code::Syntax));
    assert!(!codes("\0\0\0").is_empty());
    assert_eq!(codes("format: onus/1\nsystems: { \"a\\0\": {} }\n"), [Code::BadId]);
}

#[test]
fn line_ends_and_marks_change_no_place() {
    let text = "format: onus/1\nsystems:\n  a: { needs: [bb] }\n";
    let expected = ["3:16 there is no system `bb`"];
    assert_eq!(problems(text), expected);
    assert_eq!(problems(&text.replace('\n', "\r\n")), expected);
    assert_eq!(problems(&format!("\u{feff}{text}")), expected);
    assert_eq!(problems(&text.replace("a:", "서버:")), ["3:17 there is no system `bb`"]);
}

#[test]
fn places_are_right_behind_wide_characters() {
    let filler = "가".repeat(5_000);
    let text = format!("{HEAD}title: {filler}\nsystems:\n  é: {{ name: \"{filler}\", needs: [없다, x] }}\n");
    let Err(Error::Invalid(problems)) = Model::from_text("wide", &text) else { panic!() };
    let shown: Vec<&str> =
        problems.iter().map(|problem| &text[problem.location.as_ref().unwrap().bytes.clone()]).collect();
    assert_eq!(shown, ["없다", "x"]);
    assert_eq!(problems[0].location.as_ref().unwrap().column, 5_000 + 26);
}

#[test]
fn yaml_beyond_the_files_is_refused_or_harmless() {
    assert_eq!(problems(""), ["1:1 the file is empty"]);
    assert_eq!(problems("---\n"), ["2:1 expected a mapping, found nothing"]);
    assert_eq!(problems("null"), ["1:1 expected a mapping, found nothing"]);
    assert_eq!(problems("hello"), ["1:1 expected a mapping, found `hello`"]);
    assert_eq!(problems("[1, 2]"), ["1:1 expected a mapping, found a list"]);
    assert_eq!(problems(&format!("{HEAD}---\n{HEAD}")), ["2:1 a second document; a file holds one"]);
    assert_eq!(problems(&format!("{HEAD}? [a, b]\n: c\n")), ["2:3 a key must be a text"]);
    assert_eq!(
        problems(&format!("{HEAD}systems:\n  a: &a {{}}\n  b: {{ <<: *a }}\n")),
        ["4:8 merging with `<<` is not read"]
    );
    assert_eq!(codes(&format!("{HEAD}systems:\n\ta: {{}}\n")), [Code::Syntax]);
    assert_eq!(
        codes(&format!("{HEAD}title: !!binary aGk=\nsystems: !mine {{ a: !!set {{}} }}\n")),
        [],
        "tags say nothing here"
    );
    assert_eq!(codes("%YAML 1.2\n---\nformat: onus/1\n...\n"), []);
}

#[test]
fn numbers_of_any_size_are_read_or_refused() {
    let number = |number: &str| codes(&format!("{HEAD}systems:\n  a: {{ demand: {{ u: {number} }} }}\n"));
    assert_eq!(number(&"9".repeat(300_000)), [Code::BadNumber]);
    assert_eq!(number("1e999999999"), [Code::BadNumber]);
    assert_eq!(number("inf"), [Code::BadNumber]);
    assert_eq!(number("nan"), [Code::BadNumber]);
    assert_eq!(number(".inf"), [Code::WrongType]);
    assert_eq!(number("0x10"), [Code::WrongType]);
    assert_eq!(number("\"10\""), [Code::WrongType]);
    assert_eq!(number("1e-999999999"), []);
    let k = |k: &str| codes(&format!("{HEAD}systems:\n  a: {{}}\n  b: {{ needs: [{{ at_least: {k}, of: [a] }}] }}\n"));
    assert_eq!(k("99999999999999999999"), [Code::WrongType]);
    assert_eq!(k("-1"), [Code::WrongType]);
    assert_eq!(k("0"), [Code::EmptyNeed]);
    assert_eq!(k("1"), []);
}

#[test]
fn only_what_follows_from_a_problem_is_kept_back() {
    // The demand of the portal is broken; that its other parts, or other things called `users`, are wrong is not due to it.
    assert_eq!(
        problems(
            "format: onus/1\nsystems:\n  portal: { demand: { users: many }, needs: [users] }\ncontracts:\n  c: { contractor: \
             users }\n"
        ),
        [
            "3:30 expected a number, found `many`",
            "3:46 there is no system `users`",
            "5:20 there is no contractor `users`"
        ]
    );
    // A system that is no mapping is still there for those that need it, and one that stands twice too.
    assert_eq!(
        problems("format: onus/1\nsystems:\n  a: 7\n  b: { needs: [a] }\n"),
        ["3:6 expected a mapping, found `7`"]
    );
    // A misspelt section: what it defines is not missed one by one.
    assert_eq!(
        problems(
            "format: onus/1\nsystem:\n  a: {}\ncontractors: { n: {} }\ncontracts:\n  c: { contractor: n, duties: [{ duty: build, of: [a] }] }\n"
        ),
        ["2:1 the key `system` is not known here"]
    );
    // A broken figure is no lack of one.
    assert_eq!(
        problems("format: onus/1\nsystems:\n  a: { faults: { f: { cause: x, probabilty: 0.1 }, g: { cause: x } } }\n"),
        ["3:33 the key `probabilty` is not known here", "3:52 expected `probability`, or `rate` with `exposure`"]
    );
    // Positions in lists count what was not read.
    let Err(Error::Invalid(found)) =
        Model::from_text("cut", "format: onus/1\nsystems:\n  a: { needs: [{ any: 1, of: 2 }, b, c] }\n")
    else {
        panic!()
    };
    let paths: Vec<&str> = found.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "systems.a.needs[0]",
            "systems.a.needs[0].any",
            "systems.a.needs[0].of",
            "systems.a.needs[1]",
            "systems.a.needs[2]"
        ]
    );
}

#[test]
fn keys_with_dots_and_quotes_are_told_apart() {
    let Err(Error::Invalid(found)) = Model::from_text(
        "dots",
        "format: onus/1\nsystems:\n  a.b: { needs: [x] }\n  \"a\\\"b\": { needs: [x] }\n  a: { needs: [x] }\n",
    ) else {
        panic!()
    };
    let paths: Vec<&str> = found.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(paths, ["systems.\"a.b\".needs[0]", "systems.\"a\\\"b\".needs[0]", "systems.a.needs[0]"]);
}

#[test]
fn keys_that_stand_twice_are_told_in_mappings_of_any_size() {
    for systems in [2, 14, 15, 16, 17, 40] {
        let names: Vec<String> = (0..systems).map(|at| format!("  s{at}: {{}}\n")).collect();
        let text = format!("format: onus/1\nsystems:\n{}{}{}", names.concat(), names[1], names[systems - 1]);
        let error = Model::from_text("twice", &text).unwrap_err();
        let told: Vec<_> = error
            .diagnostics()
            .iter()
            .map(|told| (told.code, told.location.as_ref().unwrap().line, told.help.clone().unwrap()))
            .collect();
        let first = |line: usize| format!("the first one is on line {line}");
        let expected =
            [(Code::DuplicateKey, systems + 3, first(4)), (Code::DuplicateKey, systems + 4, first(systems + 2))];
        assert_eq!(told, expected, "{systems}");
    }
}
