//! Small trees, right and wrong, and hostile texts.

use super::FaultTree;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Error};
use crate::document::{Need, System};
use crate::{Model, Notation};

/// A tree with two basic events, a and b, around these definitions.
fn tree(definitions: &str) -> String {
    format!(
        "<opsa-mef><define-fault-tree name=\"t\">\n{definitions}\n\
         <define-basic-event name=\"a\"><float value=\"0.1\"/></define-basic-event>\n\
         <define-basic-event name=\"b\"><float value=\"0.2\"/></define-basic-event>\n\
         </define-fault-tree></opsa-mef>"
    )
}

fn read(definitions: &str) -> FaultTree {
    let read = FaultTree::from_text("tree.xml", &tree(definitions)).unwrap();
    read.document().clone().build().expect("what is read is a valid model");
    read
}

fn needs(tree: &FaultTree, gate: &str) -> Vec<Need> {
    let System { needs, faultless, .. } = tree.document().systems[gate].clone();
    assert!(faultless, "{gate}");
    needs
}

fn problems(text: &str) -> Vec<Diagnostic> {
    match FaultTree::from_text("tree.xml", text) {
        Err(Error::Invalid(diagnostics)) => diagnostics,
        other => panic!("expected problems, found {other:?}"),
    }
}

fn only(definitions: &str) -> Diagnostic {
    let mut problems = problems(&tree(definitions));
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.remove(0)
}

#[test]
fn gates_become_the_dual_needs() {
    let read = read(
        r#"<define-gate name="top"><label>Top</label><or><gate name="both"/><basic-event name="a"/></or></define-gate>
        <!-- a comment -->
        <define-gate name="both"><and><event name="a"/><event name="b" type="basic-event"/></and></define-gate>
        <define-gate name="two"><atleast min="2"><event name="a"/><event name="b"/><gate name="top"/></atleast></define-gate>
        <define-gate name="same"><gate name="two"/></define-gate>
        <define-gate name="deep"><and><or><event name="a"/><event name="b"/></or><gate name="same"/></and></define-gate>"#,
    );
    assert_eq!(needs(&read, "top"), [Need::from("both"), Need::from("a")]);
    assert_eq!(needs(&read, "both"), [Need::any(["a", "b"])]);
    assert_eq!(needs(&read, "two"), [Need::at_least(2, ["a", "b", "top"])]);
    assert_eq!(needs(&read, "same"), [Need::from("two")]);
    assert_eq!(needs(&read, "deep"), [Need::any([Need::at_least(2, ["a", "b"]), Need::from("same")])]);
    assert_eq!(read.top().unwrap(), "deep");
    assert_eq!(read.document().systems["b"].faults["event"].probability, Some(0.2));
    assert_eq!(read.document().title, "t");
    let model = read.into_document().build().unwrap();
    let again = Model::from_text("again.yaml", &model.to_text(Notation::Yaml)).unwrap();
    assert_eq!(again, model, "what is faultless stays so when it is written and read");
}

#[test]
fn constants_are_folded_away() {
    let read = read(
        r#"<define-house-event name="on"><constant value="true"/></define-house-event>
        <define-house-event name="off"/>
        <define-gate name="g1"><and><house-event name="on"/><event name="a"/></and></define-gate>
        <define-gate name="g2"><or><house-event name="off"/><event name="a"/><event name="b"/></or></define-gate>
        <define-gate name="g3"><and><event name="off"/><event name="a"/></and></define-gate>
        <define-gate name="g4"><or><gate name="g5"/><event name="a"/></or></define-gate>
        <define-gate name="g5"><constant value="true"/></define-gate>
        <define-gate name="g6"><and><gate name="g4"/><event name="b"/></and></define-gate>
        <define-gate name="g7"><atleast min="2"><event name="on"/><event name="a"/><event name="b"/></atleast></define-gate>
        <define-gate name="g8"><or><and><event name="off"/><event name="b"/></and><event name="a"/></or></define-gate>
        <define-gate name="top"><or><gate name="g1"/><gate name="g2"/><gate name="g3"/><gate name="g6"/><gate name="g7"/>
          <gate name="g8"/></or></define-gate>"#,
    );
    assert_eq!(needs(&read, "g1"), [Need::from("a")]);
    assert_eq!(needs(&read, "g2"), [Need::from("a"), Need::from("b")]);
    assert_eq!(needs(&read, "g3"), []);
    assert_eq!(needs(&read, "g6"), [Need::from("b")], "what has failed for certain no longer counts");
    assert_eq!(needs(&read, "g7"), [Need::from("a"), Need::from("b")]);
    assert_eq!(needs(&read, "g8"), [Need::from("a")]);
    for always in ["g4", "g5"] {
        assert_eq!(read.document().systems[always].faults["always"].probability, Some(1.0));
    }
}

#[test]
fn several_trees_components_and_model_data_are_one_model() {
    let text = r#"<?xml version="1.0"?>
      <opsa-mef>
        <define-fault-tree name="one">
          <define-gate name="top"><or><gate name="pump"/><gate name="two.part.hidden"/><event name="e"/></or></define-gate>
        </define-fault-tree>
        <define-fault-tree name="two">
          <define-component name="part" role="private">
            <define-gate name="pump" role="public"><or><gate name="hidden"/></or></define-gate>
            <define-gate name="hidden"><or><event name="e"/><event name="own"/></or></define-gate>
            <define-basic-event name="own"><int value="1"/></define-basic-event>
          </define-component>
        </define-fault-tree>
        <define-event-tree name="passed-over"/>
        <model-data><define-basic-event name="e"><float value="1.0E-3"/></define-basic-event></model-data>
      </opsa-mef>"#;
    let read = FaultTree::from_text("tree.xml", text).unwrap();
    assert_eq!(read.top().unwrap(), "top");
    assert_eq!(needs(&read, "pump"), [Need::from("two.part.hidden")]);
    assert_eq!(needs(&read, "two.part.hidden"), [Need::from("e"), Need::from("two.part.own")]);
    read.into_document().build().unwrap();
}

#[test]
fn cycles_are_read_and_a_top_must_be_named() {
    let read = read(
        r#"<define-gate name="x"><or><gate name="y"/><event name="a"/></or></define-gate>
        <define-gate name="y"><or><gate name="x"/><event name="b"/></or></define-gate>"#,
    );
    assert!(read.top().unwrap_err().to_string().contains("every gate is an input of another one"));
    let read = self::read(
        r#"<define-gate name="x"><or><gate name="x"/><event name="a"/></or></define-gate>
        <define-gate name="y"><event name="b"/></define-gate>"#,
    );
    assert_eq!(read.tops().collect::<Vec<_>>(), ["x", "y"]);
    let error = read.top().unwrap_err();
    assert_eq!(
        error.to_string(),
        "tree.xml:3:28: error[ONUS-E0043]: 2 gates are an input of no other one: `x`, `y`; expected one top; name the \
         gate that is meant"
    );
}

#[test]
fn what_is_not_monotone_is_refused_by_name() {
    for operator in ["not", "xor", "iff", "imply", "nand", "nor", "cardinality"] {
        let problem = only(&format!(
            "<define-gate name=\"odd\"><or><{operator}><event name=\"a\"/></{operator}></or></define-gate>"
        ));
        assert_eq!(problem.code, Code::NotMonotone);
        assert!(problem.message.contains("`odd`") && problem.message.contains(operator), "{}", problem.message);
        assert_eq!(problem.location.unwrap().line, 2);
    }
}

#[test]
fn all_problems_come_back_with_their_places() {
    let text = tree(
        r#"<define-gate name="g"><or><event name="aa"/><gate name="b"/></or></define-gate>
<define-gate name="g"><and/></define-gate>
<define-gate name="h"><atleast min="3"><event name="a"/><event name="b"/></atleast></define-gate>
<define-basic-event name="c"><float value="1.5"/></define-basic-event>
<define-basic-event name="d"/>
<define-basic-event name="e"><exponential><float value="1"/><float value="2"/></exponential></define-basic-event>
<define-house-event name="f"><constant value="perhaps"/></define-house-event>
<define-gate><event name="a"/></define-gate>
<define-gate name="a -> b"><event name="a"/></define-gate>
<define-gate name="i"><or><widget name="a"/></or></define-gate>
<define-CCF-group name="ccf" model="beta-factor"/>
<define-gate name="j" role="secret"><event name="a"/><event name="b"/></define-gate>"#,
    );
    let found: Vec<(Code, usize)> =
        problems(&text).into_iter().map(|problem| (problem.code, problem.location.unwrap().line)).collect();
    let expected = [
        (Code::UnknownEvent, 2),
        (Code::WrongType, 2),
        (Code::DuplicateId, 3),
        (Code::EmptyNeed, 3),
        (Code::BadNumber, 4),
        (Code::BadProbability, 5),
        (Code::PriorUnclear, 6),
        (Code::PriorUnclear, 7),
        (Code::WrongType, 8),
        (Code::MissingKey, 9),
        (Code::BadId, 10),
        (Code::UnknownKey, 11),
        (Code::UnknownKey, 12),
        (Code::WrongType, 13),
        (Code::WrongType, 13),
    ];
    assert_eq!(found, expected);
    let first = &problems(&text)[0];
    assert_eq!(first.help.as_deref(), Some("did you mean `a`?"));
    let location = first.location.clone().unwrap();
    assert_eq!(&text[location.bytes], "aa");
    assert_eq!(location.column, 40);
}

#[test]
fn a_document_type_without_entities_is_passed_over() {
    let body = "<define-fault-tree name=\"t\"><define-gate name=\"g\"><or><event name=\"e\"/></or></define-gate>\
                <define-basic-event name=\"e\"><float value=\"0.1\"/></define-basic-event></define-fault-tree>";
    for (kind, root) in
        [("opsa-mef", "opsa-mef"), ("opsa-mef SYSTEM \"no/such/file.dtd\"", "opsa-mef"), ("open-psa", "open-psa")]
    {
        let text = format!("<?xml version=\"1.0\"?>\n<!DOCTYPE {kind}>\n<{root}>{body}</{root}>");
        let tree = FaultTree::from_text("inline", &text).expect("nothing is declared");
        assert_eq!(tree.top().expect("one gate"), "g");
    }
}

#[test]
fn hostile_texts_are_refused_at_once() {
    let mut laughs = String::from("<?xml version=\"1.0\"?>\n<!DOCTYPE opsa-mef [<!ENTITY a0 \"ha\">");
    for at in 1..30 {
        laughs += &format!("<!ENTITY a{at} \"&a{};&a{};\">", at - 1, at - 1);
    }
    laughs += "]><opsa-mef>&a29;</opsa-mef>";
    let external = "<!DOCTYPE x [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><opsa-mef>&f;</opsa-mef>";
    for text in [laughs.as_str(), external] {
        let problem = &problems(text)[0];
        assert_eq!(problem.code, Code::NotXml);
        assert!(problem.message.contains("document type"), "{}", problem.message);
    }

    let deep = 300_000;
    let nested = format!("<define-gate name=\"g\">{}{}</define-gate>", "<or>".repeat(deep), "</or>".repeat(deep));
    assert_eq!(problems(&tree(&nested))[0].code, Code::TooLarge);
    let components = "<define-component name=\"c\">".repeat(deep) + &"</define-component>".repeat(deep);
    assert_eq!(problems(&tree(&components))[0].code, Code::TooLarge);

    let many = "<define-gate name=\"g\"><or/></define-gate>".repeat(300_000);
    assert_eq!(problems(&tree(&many)).len(), 100);
    assert_eq!(problems(&tree(&many.repeat(2)))[0].code, Code::TooLarge);
    let wrong = "<gate name=\"x\"/>".repeat(100_000);
    assert_eq!(problems(&tree(&format!("<define-gate name=\"g\"><or>{wrong}</or></define-gate>"))).len(), 100);

    for garbage in
        ["", "<", "<opsa-mef", "<a/>", "</opsa-mef>", "<opsa-mef>&#0;</opsa-mef>", "\u{0}", "<opsa-mef/><x/>", "<é>"]
    {
        assert!(problems(garbage).iter().all(|problem| problem.code == Code::NotXml), "{garbage:?}");
    }
    let escaped = only("<define-gate name=\"g&amp;h\"><event name=\"a\"/></define-gate>");
    assert_eq!(escaped.code, Code::BadId);
}

#[test]
fn an_empty_tree_has_no_gate() {
    let read = FaultTree::from_text("tree.xml", "<opsa-mef/>").unwrap();
    assert!(read.top().unwrap_err().to_string().contains("no gate"));
}

#[test]
fn xml_is_told_from_other_notations() {
    assert!(FaultTree::is_xml("\u{feff}  <?xml version=\"1.0\"?>"));
    assert!(!FaultTree::is_xml("format: onus/1"));
    assert!(!FaultTree::is_xml("{ \"format\": \"onus/1\" }"));
}

#[test]
fn every_cut_text_is_refused_without_a_panic() {
    let text = tree(r#"<define-gate name="g"><and><event name="a"/><event name="b"/></and></define-gate>"#);
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        assert!(FaultTree::from_text("tree.xml", &text[..end]).is_err());
    }
}
