//! Writes every attack into a folder, as a file that any verifier can be given, with the policy of who is attacked.
//!
//! `cargo run -p tampering --example attacks -- DIR`

use std::{error::Error, fs, path::PathBuf};

use tampering::attacks::{ALL, Scene};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("usage: attacks DIR")?);
    let scene = Scene::default();
    fs::write(folder.join("policy"), scene.log.witnessed_policy(&scene.rows).to_string())?;
    fs::write(folder.join("sound.zip"), scene.sound())?;
    for (number, attack) in ALL.iter().enumerate() {
        fs::write(folder.join(format!("attack-{number:02}.zip")), scene.export(attack))?;
    }
    Ok(())
}
