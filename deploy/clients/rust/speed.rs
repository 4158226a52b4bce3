//! The Rust client against jsonwebtoken; see deploy/clients/speed.
mod bearerd;

use bearerd::{Bearerd, Verdict};
use jsonwebtoken::{decode, Algorithm, DecodingKey, Validation};
use serde_json::{json, Value};
use std::error::Error;
use std::time::Instant;

const ROUNDS: usize = 9;
const CALLS: usize = 200;

fn main() -> Result<(), Box<dyn Error>> {
    let facts: Value = serde_json::from_reader(std::io::stdin())?;
    let text = |name: &str| facts[name].as_str().unwrap_or_default();
    let (token, authorization) = (text("token"), format!("Bearer {}", text("token")));
    let algorithm: Algorithm = text("alg").parse()?;
    let key = DecodingKey::from_jwk(&serde_json::from_value(facts["jwks"]["keys"][0].clone())?)?;
    let mut rules = Validation::new(algorithm);
    rules.set_issuer(&[text("issuer")]);
    rules.set_audience(&[text("audience")]);
    rules.set_required_spec_claims(&["iss", "aud", "exp"]);
    let daemon = Bearerd::new();

    let mut ask = || match daemon.verify(&authorization, Value::Null) {
        Verdict::Good { .. } => Ok(()),
        Verdict::Bad { .. } => Err("the daemon refused the token".into()),
    };
    let mut alone = || Ok(decode::<Value>(token, &key, &rules).map(drop)?);
    let (mut asked, mut verified) = (vec![], vec![]);
    times(&mut ask)?;
    times(&mut alone)?;
    for _ in 0..ROUNDS {
        asked.append(&mut times(&mut ask)?);
        verified.append(&mut times(&mut alone)?);
    }
    println!("{}", json!({"library": "jsonwebtoken 8", "ask": asked, "alone": verified}));
    Ok(())
}

fn times(call: &mut dyn FnMut() -> Result<(), Box<dyn Error>>) -> Result<Vec<f64>, Box<dyn Error>> {
    let mut found = vec![];
    for _ in 0..CALLS {
        let start = Instant::now();
        call()?;
        found.push(start.elapsed().as_secs_f64() * 1e6);
    }
    Ok(found)
}
