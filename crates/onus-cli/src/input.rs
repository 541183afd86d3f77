//! Reading the files a command names, and their hashes.

use std::cell::RefCell;
use std::fmt::Write;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use onus_model::{
    CheckOptions, ContractorIndex, Diagnostic, Element, Error, FaultIndex, FaultTree, Form, Incident, Limits, Model,
    Snapshot, Source, SystemIndex, nearest,
};
use onus_rca::FaultGraph;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::args::ModelFiles;
use crate::progress::Progress;
use crate::render;

/// A file that was read.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Input {
    path: String,
    sha256: String,
}

/// A model and what it was read from.
pub(crate) struct Estate {
    pub(crate) model: Model,
    pub(crate) inputs: Vec<Input>,
    /// For a fault tree, its top, or why it is not clear which gate that is.
    top: Option<Result<String, Error>>,
    /// The text of the model, and of the structure laid over it, to point into.
    sources: Vec<Arc<Source>>,
    /// Where an incident is looked for.
    folder: PathBuf,
    /// What the model was read from, if that may hold its compiled graph; read when somebody asks for that.
    snapshot: Option<RefCell<Snapshot<File>>>,
}

/// Why a command could not be carried out.
pub(crate) enum Failure {
    /// What was asked makes no sense for this input.
    Usage(String),
    /// The input cannot be used.
    Invalid(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Invalid(error)
    }
}

impl Failure {
    /// Prints it on standard error and gives the exit status.
    pub(crate) fn print(self) -> ExitCode {
        match self {
            Self::Usage(message) => {
                anstream::eprintln!("error: {message}");
                ExitCode::from(2)
            }
            Self::Invalid(error) => {
                render::error(&error);
                ExitCode::from(3)
            }
        }
    }
}

/// That there is nothing of a name, and the nearest there is.
pub(crate) fn unknown<'a>(kind: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> Failure {
    let hint = nearest(name, known).map(|hint| format!("; {hint}")).unwrap_or_default();
    Failure::Usage(format!("there is no {kind} `{name}`{hint}"))
}

impl Estate {
    /// Reads the model, and lays the other structure over it if one is named.
    pub(crate) fn open(files: &ModelFiles) -> Result<Self, Failure> {
        Self::read(&files.model, files.contracts.as_deref())
    }

    /// Reads a model, or a fault tree as one.
    pub(crate) fn read(model: &Path, contracts: Option<&Path>) -> Result<Self, Failure> {
        let path = if model.is_dir() { file_in(model, "model", Model::is_tables) } else { model.to_path_buf() };
        let (mut inputs, mut sources, mut top, mut snapshot) = (Vec::new(), Vec::new(), None, None);
        let mut model = match form(&path)? {
            Form::Lines => {
                let (input, model) = lines(&path, |name, lines| Model::from_lines(name, lines))?;
                inputs.push(input);
                model
            }
            Form::Snapshot => {
                let (read, (model, opened)) = hashed(vec![path.clone()], || {
                    let (name, file) = open(&path)?;
                    let mut snapshot = Snapshot::open(&name, file.file)?;
                    Ok((snapshot.model()?, snapshot))
                })?;
                inputs.extend(read);
                snapshot = Some(RefCell::new(opened));
                model
            }
            Form::Tables => {
                let (read, model) = hashed(tables_in(&path)?, || Ok(Model::from_tables(&path)?))?;
                inputs.extend(read);
                model
            }
            Form::Text => {
                let (input, source) = read(&path)?;
                inputs.push(input);
                let model = if FaultTree::is_xml(&source.text) {
                    let tree = FaultTree::from_source(&source)?;
                    top = Some(tree.top().map(str::to_owned));
                    tree.into_document().build()?
                } else {
                    Model::from_source(&source)?
                };
                sources.push(source);
                model
            }
        };
        if let Some(contracts) = contracts {
            let (input, source) = read(contracts)?;
            model = model.with_structure_source(&source)?;
            inputs.push(input);
            sources.push(source);
        }
        let folder = if path.is_dir() { Some(path.as_path()) } else { path.parent() };
        let folder = folder.map(Path::to_path_buf).unwrap_or_default();
        Ok(Self { model, inputs, top, sources, folder, snapshot })
    }

    /// The compiled graph of the model's topology: the one that stands in the snapshot the model was read from; else compiled.
    pub(crate) fn graph(&self) -> Result<FaultGraph, Failure> {
        let stored = match &self.snapshot {
            Some(snapshot) => FaultGraph::from_snapshot(&mut snapshot.borrow_mut(), &self.model)?,
            None => None,
        };
        Ok(stored.unwrap_or_else(|| FaultGraph::compile(&self.model)))
    }

    /// The model under the contracts of another file.
    pub(crate) fn under(&mut self, contracts: &Path) -> Result<Model, Failure> {
        let (input, source) = read(contracts)?;
        let model = self.model.with_structure_source(&source)?;
        self.inputs.push(input);
        self.sources.push(source);
        Ok(model)
    }

    /// The contractor of a name.
    pub(crate) fn contractor(&self, name: &str) -> Result<ContractorIndex, Failure> {
        self.model.contractor(name).ok_or_else(|| {
            unknown("contractor", name, self.model.contractors().iter().map(|contractor| contractor.id.as_str()))
        })
    }

    /// The system of a name.
    pub(crate) fn system(&self, name: &str) -> Result<SystemIndex, Failure> {
        self.model
            .topology()
            .system(name)
            .ok_or_else(|| unknown("system", name, self.model.systems().iter().map(|system| system.id.as_str())))
    }

    /// The fault of a name. Where that is a system's, its faults are told.
    pub(crate) fn fault(&self, name: &str) -> Result<FaultIndex, Failure> {
        let topology = self.model.topology();
        topology.fault(name).ok_or_else(|| {
            let id = |fault: &FaultIndex| topology.faults()[fault.index()].id.as_str();
            let own = topology.system(name).map(|system| topology.faults_of(Element::System(system)));
            match own {
                Some(own) if !own.is_empty() => {
                    let own: Vec<&str> = own.iter().map(id).collect();
                    Failure::Usage(format!("there is no fault `{name}`; its faults are {}", own.join(", ")))
                }
                _ => unknown("fault", name, topology.faults().iter().map(|fault| fault.id.as_str())),
            }
        })
    }

    /// The systems of some names; of none, the top of the fault tree, or the only system that nothing else needs.
    pub(crate) fn failing(&mut self, names: &[String]) -> Result<Vec<SystemIndex>, Failure> {
        if !names.is_empty() {
            return names.iter().map(|name| self.system(name)).collect();
        }
        if let Some(top) = self.top.take() {
            return Ok(vec![self.system(&top?)?]);
        }
        let tops = self.model.topology().tops();
        let [top] = tops[..] else {
            let named = tops.iter().take(8).map(|top| self.model.systems()[top.index()].id.as_str());
            let named: Vec<&str> = named.collect();
            let which = if tops.is_empty() { "each is needed by another".to_owned() } else { named.join(", ") };
            let more = if tops.len() > named.len() { ", …" } else { "" };
            return Err(Failure::Usage(format!("name the system that fails with --of, e.g. one of: {which}{more}")));
        };
        Ok(vec![top])
    }

    /// Whether there is an incident beside the model.
    pub(crate) fn has_incident(&self) -> bool {
        file_in(&self.folder, "incident", Incident::is_tables).exists()
    }

    /// Reads the incident: the one named, that in the folder named, or the one beside the model.
    pub(crate) fn incident(&mut self, path: Option<&PathBuf>) -> Result<Incident, Failure> {
        let beside = file_in(&self.folder, "incident", Incident::is_tables);
        let path = match path {
            Some(folder) if folder.is_dir() => {
                let inside = file_in(folder, "incident", Incident::is_tables);
                if !inside.exists() {
                    return Err(Failure::Usage(format!("there is no incident in the folder {}", folder.display())));
                }
                inside
            }
            Some(path) => path.clone(),
            None if beside.exists() => beside,
            None => {
                let message = format!("name an incident file; there is no {} to fall back on", beside.display());
                return Err(Failure::Usage(message));
            }
        };
        let incident = match form(&path)? {
            Form::Lines => {
                let (input, incident) = lines(&path, |name, lines| Incident::from_lines(name, lines, &self.model))?;
                self.inputs.push(input);
                incident
            }
            Form::Tables => {
                let files = ["incident", "evidence"].map(|name| path.join(format!("{name}.parquet")));
                let files = files.into_iter().filter(|file| file.is_file()).collect();
                let (read, incident) = hashed(files, || Ok(Incident::from_tables(&path, &self.model)?))?;
                self.inputs.extend(read);
                incident
            }
            Form::Snapshot => {
                return Err(Failure::Usage(format!("{} holds a model, and no incident", path.display())));
            }
            Form::Text => {
                let (input, source) = read(&path)?;
                self.inputs.push(input);
                Incident::from_source(&source, &self.model)?
            }
        };
        Ok(incident)
    }

    /// The weak places of the model, each with its place in the files.
    pub(crate) fn check(&self, options: &CheckOptions) -> Vec<Diagnostic> {
        let mut findings = self.model.check(options);
        // Where contracts come from a file of their own, that is where they are found.
        for source in self.sources.iter().rev() {
            source.locate(&mut findings);
        }
        findings
    }
}

/// What a folder holds under a name, whatever it is written in: a file, or the folder itself where it holds tables; the
/// file in YAML if there is nothing.
fn file_in(folder: &Path, name: &str, is_tables: impl Fn(&Path) -> bool) -> PathBuf {
    let candidates = ["yaml", "json", "ndjson", "onus"].map(|notation| folder.join(format!("{name}.{notation}")));
    match candidates.iter().find(|path| path.is_file()) {
        Some(found) => found.clone(),
        None if is_tables(folder) => folder.to_path_buf(),
        None => candidates[0].clone(),
    }
}

fn form(path: &Path) -> Result<Form, Failure> {
    Form::of(path).map_err(|source| Failure::Invalid(Error::Io { path: path.display().to_string(), source }))
}

/// The tables of a folder, by name.
fn tables_in(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = std::fs::read_dir(folder).and_then(|entries| {
        let paths = entries.map(|entry| Ok(entry?.path()));
        paths.collect::<std::io::Result<Vec<PathBuf>>>()
    });
    let mut tables = entries.map_err(|source| Error::Io { path: folder.display().to_string(), source })?;
    // What is no regular file is refused by the reader of tables, and may never end.
    tables.retain(|path| path.extension().is_some_and(|extension| extension == "parquet") && path.is_file());
    tables.sort();
    Ok(tables)
}

/// Reads files by a reader of their own, while their hashes are made beside it: that takes as long as the reading.
fn hashed<T>(files: Vec<PathBuf>, read: impl FnOnce() -> Result<T, Failure>) -> Result<(Vec<Input>, T), Failure> {
    std::thread::scope(|threads| {
        let inputs =
            threads.spawn(move || -> Result<Vec<Input>, Failure> { files.iter().map(|path| input(path)).collect() });
        let value = read();
        let inputs = inputs.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok((inputs?, value?))
    })
}

/// The hash of a file.
fn input(path: &Path) -> Result<Input, Failure> {
    let (name, mut file) = open(path)?;
    let copied = std::io::copy(&mut BufReader::with_capacity(1 << 18, &mut file), &mut std::io::sink());
    copied.map_err(|source| Error::Io { path: name.clone(), source })?;
    Ok(file.input(name))
}

/// Reads a file once, for its text and its hash.
fn read(path: &Path) -> Result<(Input, Arc<Source>), Failure> {
    let (name, mut file) = open(path)?;
    let source = Source::from_reader(&name, &mut file, Limits::for_file(path))?;
    Ok((file.input(name), source))
}

/// Reads a file line by line, and its hash. If something is wrong, it may be read twice.
fn lines<T>(
    path: &Path,
    read: impl FnOnce(&str, &mut BufReader<Hashed>) -> Result<T, Error>,
) -> Result<(Input, T), Failure> {
    let (name, file) = open(path)?;
    let mut lines = BufReader::with_capacity(1 << 16, file);
    let value = read(&name, &mut lines)?;
    Ok((lines.into_inner().input(name), value))
}

fn open(path: &Path) -> Result<(String, Hashed), Failure> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|source| Failure::Invalid(Error::Io { path: name.clone(), source }))?;
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    Ok((name, Hashed { file, hash: Sha256::new(), progress: Progress::of_bytes("reading", length) }))
}

/// A file that is hashed as it is read.
struct Hashed {
    file: File,
    hash: Sha256,
    progress: Progress,
}

impl Hashed {
    /// What was read, once all of it was.
    fn input(self, path: String) -> Input {
        let sha256 = self.hash.finalize().iter().fold(String::new(), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        Input { path, sha256 }
    }
}

impl Read for Hashed {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.hash.update(&buffer[..count]);
        self.progress.advance(count as u64);
        Ok(count)
    }
}

impl Seek for Hashed {
    /// Begins the hash anew at the beginning; what is wrong in a file is looked for from there.
    fn seek(&mut self, position: SeekFrom) -> std::io::Result<u64> {
        self.hash = Sha256::new();
        self.file.seek(position)
    }
}
