//! Calls against what another implementation answered: `vectors.json` was written by the Web Cryptography of Node.js 20 (OpenSSL 3).
#![allow(clippy::unwrap_used)]
use daplet_crypto::{Failure, Parts, Random, Request};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Vector {
    name: String,
    call: Value,
    parts: Vec<String>,
    expected: Vec<String>,
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn run(call: &Value, parts: &[&[u8]]) -> Result<Parts, Failure> {
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    let mut random = Random(|bytes| getrandom::fill(bytes).is_ok());
    let request = Request::from_json(&json!({"call": call, "lengths": lengths}).to_string())?;
    request.start(&parts.concat(), &mut random)?.finish(&mut random)
}

#[test]
fn calls_answer_as_another_implementation_does() {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("vectors.json")).unwrap();
    assert!(vectors.len() > 90, "only {} vectors", vectors.len());
    for Vector { name, call, parts, expected } in vectors {
        let parts: Vec<Vec<u8>> = parts.iter().map(|part| bytes(part)).collect();
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let expected: Parts = expected.iter().map(|part| bytes(part)).collect();
        assert_eq!(run(&call, &parts), Ok(expected), "{name}");
    }
}

#[test]
fn what_is_made_can_be_used() {
    for curve in ["P-256", "P-384", "P-521"] {
        let key = run(&json!({"call": "ecGenerate", "curve": curve}), &[]).unwrap();
        let public = run(&json!({"call": "ecPublic", "curve": curve}), &[&key[0]]).unwrap();
        let signature =
            run(&json!({"call": "ecSign", "curve": curve, "hash": "SHA-384"}), &[&key[0], b"data"]).unwrap();
        let verify = json!({"call": "ecVerify", "curve": curve, "hash": "SHA-384"});
        assert_eq!(run(&verify, &[&public[0], b"data", &signature[0]]), Ok(vec![vec![1]]), "{curve}");
        assert_eq!(run(&verify, &[&public[0], b"date", &signature[0]]), Ok(vec![vec![0]]), "{curve}");
    }
    let key = run(&json!({"call": "rsaGenerate", "length": 1024}), &[&[1, 0, 1]]).unwrap();
    let public = run(&json!({"call": "rsaPublic"}), &[&key[0]]).unwrap();
    let integers = run(&json!({"call": "rsaIntegers", "private": false}), &[&public[0]]).unwrap();
    assert_eq!((integers[0].len(), integers[0][0] >> 7, &integers[1]), (128, 1, &vec![1, 0, 1]));
    let scheme = json!({"call": "rsaSign", "scheme": "pss", "hash": "SHA-256", "salt": 32});
    let signature = run(&scheme, &[&key[0], b"data"]).unwrap();
    let verify = json!({"call": "rsaVerify", "scheme": "pss", "hash": "SHA-256", "salt": 32});
    assert_eq!(run(&verify, &[&public[0], b"data", &signature[0]]), Ok(vec![vec![1]]));
    let encrypted = run(&json!({"call": "rsaEncrypt", "hash": "SHA-256"}), &[&public[0], b"label", b"data"]).unwrap();
    let decrypt = json!({"call": "rsaDecrypt", "hash": "SHA-256"});
    assert_eq!(run(&decrypt, &[&key[0], b"label", &encrypted[0]]), Ok(vec![b"data".to_vec()]));
    assert!(matches!(run(&decrypt, &[&key[0], b"other", &encrypted[0]]), Err(Failure::Operation(_))));
}

#[test]
fn what_is_wrong_is_refused() {
    let cases = [
        (json!({"call": "aesCbc", "direction": "encrypt"}), vec![vec![0; 15], vec![0; 16], vec![]]),
        (json!({"call": "aesCbc", "direction": "decrypt"}), vec![vec![0; 16], vec![0; 16], vec![0; 15]]),
        (
            json!({"call": "aesGcm", "direction": "decrypt", "length": 16}),
            vec![vec![0; 16], vec![0; 12], vec![], vec![0; 15]],
        ),
        (
            json!({"call": "aesGcm", "direction": "decrypt", "length": 16}),
            vec![vec![0; 16], vec![0; 12], vec![], vec![0; 32]],
        ),
        (
            json!({"call": "aesGcm", "direction": "encrypt", "length": 17}),
            vec![vec![0; 16], vec![0; 12], vec![], vec![]],
        ),
        (json!({"call": "aesCtr", "length": 129}), vec![vec![0; 16], vec![0; 16], vec![]]),
        (json!({"call": "aesCtr", "length": 1}), vec![vec![0; 16], vec![0; 16], vec![0; 33]]),
        (json!({"call": "aesKw", "direction": "decrypt"}), vec![vec![0; 16], vec![0; 24]]),
        (json!({"call": "hkdf", "hash": "SHA-1", "length": 5101}), vec![vec![], vec![], vec![]]),
        (json!({"call": "pbkdf2", "hash": "SHA-1", "iterations": 0, "length": 1}), vec![vec![], vec![]]),
        (json!({"call": "rsaGenerate", "length": 1024}), vec![vec![1]]),
        (json!({"call": "rsaGenerate", "length": 1024}), vec![vec![1, 0, 0]]),
        (json!({"call": "rsaGenerate", "length": 512}), vec![vec![1, 0, 1]]),
        (json!({"call": "rsaGenerate", "length": 65536}), vec![vec![1, 0, 1]]),
        (json!({"call": "rsaImport", "format": "jwk"}), vec![vec![], vec![]]),
        (json!({"call": "rsaImport", "format": "jwk"}), vec![vec![255; 128], vec![1, 0, 1], vec![3], vec![1], vec![0]]),
        (json!({"call": "ecImport", "curve": "P-256", "format": "raw"}), vec![vec![4; 65]]),
        (json!({"call": "ecImport", "curve": "P-256", "format": "raw"}), vec![vec![0]]),
        (json!({"call": "ecImport", "curve": "P-521", "format": "pkcs8"}), vec![vec![0x30, 0x80]]),
        (json!({"call": "ecDerive", "curve": "P-256"}), vec![vec![0; 32], vec![4; 65]]),
        (json!({"call": "okpDerive"}), vec![vec![1; 32], vec![0; 32]]),
        (json!({"call": "okpImport", "curve": "Ed25519", "format": "raw"}), vec![vec![0; 31]]),
        (json!({"call": "digest", "hash": "SHA-256"}), vec![vec![], vec![]]),
        (json!({"call": "digest", "hash": "MD5"}), vec![vec![]]),
        (json!({"call": "open"}), vec![]),
    ];
    for (call, parts) in cases {
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        assert!(run(&call, &parts).is_err(), "{call}");
    }
}
