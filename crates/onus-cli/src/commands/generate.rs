//! `onus generate`: a random estate, written record by record.

use std::fs;

use onus_model::Error;
use onus_model::generate::Generator;

use crate::args::GenerateQuery;
use crate::commands::Outcome;
use crate::input::Failure;
use crate::output::write_file;

pub(crate) fn run(query: &GenerateQuery) -> Result<Outcome, Failure> {
    let path = query.out.join("model.ndjson");
    let options = query.options();
    fs::create_dir_all(&query.out).map_err(|source| Error::Io { path: query.out.display().to_string(), source })?;
    let generator = Generator::new(&options);
    write_file(&path, query.existing(), |file| generator.records().try_for_each(|record| record.write(&mut *file)))?;
    anstream::eprintln!("{}: {} systems", path.display(), options.systems);
    Ok(Outcome::Done)
}
