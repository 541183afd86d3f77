#![doc = include_str!("../README.md")]

/// What is: topology, structure, incidents; reading, writing, validating.
pub use onus_model as model;
/// What follows: fault graph, inference, diagnosis, attribution, doubt.
pub use onus_rca as rca;

pub use onus_model::{Incident, Model};
pub use onus_rca::{Attribution, By, DiagnoseOptions, Diagnosis, Doubt, FaultGraph, View, timeline};
