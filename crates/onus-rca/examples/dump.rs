//! x
use onus_model::*; use onus_rca::*;
fn main(){ let a: Vec<String> = std::env::args().collect();
 let m = match Model::from_file(&a[1]) { Ok(m)=>m, Err(e)=>{ for d in e.diagnostics(){println!("{d}")} return } };
 let i = match Incident::from_file(&a[2], &m) { Ok(m)=>m, Err(e)=>{ for d in e.diagnostics(){println!("{d}")} return } };
 let v = View::named(&m, &a[3]).unwrap(); let t = a.get(4).filter(|t| !t.is_empty()).map(|t| t.parse().unwrap());
 let ev = v.evidence(&m,&i,t); let g = FaultGraph::compile(&m);
 let now = std::time::Instant::now();
 let d = g.diagnose(&ev, &DiagnoseOptions{ method: if a.len()>5 {MethodChoice::Interval} else {MethodChoice::Auto}, ..Default::default()});
 eprintln!("{:?} {:?} {} {:?}", now.elapsed(), d.method, d.cost, d.evidence_probability);
 let at = Attribution::of(&m,&d,By::Contractor,i.day());
 let o = serde_json::json!({"items": ev.items().iter().map(|x| x.id.to_string()).collect::<Vec<_>>(), "d": d, "a": at, "doubt": Doubt::of(&d,&at)});
 println!("{o}");
}
