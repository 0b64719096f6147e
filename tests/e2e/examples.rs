//! The examples answer as their READMEs promise, the image example pixel by pixel, its page in a real browser.
use daplet_tests::server::Server;
use daplet_tests::{readme, root};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::Command;

fn examples() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join("examples")).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.join("README.md").exists()).collect();
    folders.sort();
    folders
}

#[tokio::test(flavor = "multi_thread")]
async fn every_readme_keeps_its_promise() {
    let server = Server::start().await;
    let mut failures = Vec::new();
    let mut blocks = 0;
    for folder in examples() {
        match readme::run(&folder, &server.base, &server.dapr).await {
            Ok(run) => blocks += run,
            Err(failure) => failures.push(failure),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(blocks >= 15, "only {blocks} blocks were found");
}

/// Runs the image example's README, then looks at the files that it left.
#[tokio::test(flavor = "multi_thread")]
async fn grayscale_is_right_pixel_by_pixel() {
    let server = Server::start().await;
    let folder = root().join("examples/image-grayscale");
    readme::run(&folder, &server.base, &server.dapr).await.unwrap();

    let (color, info) = pixels(&folder.join("picture.png"));
    assert_eq!(info, (320, 200, png::ColorType::Rgb));
    let luma: Vec<u8> = color.chunks_exact(3).map(|p| luma(p[0], p[1], p[2])).collect();

    let (gray, info) = pixels(&folder.join("dist/gray-from-png.png"));
    assert_eq!(info, (320, 200, png::ColorType::Grayscale));
    assert_eq!(gray, luma);

    // The JPEG is the same picture with losses: close on average, and not the same.
    let (gray, info) = pixels(&folder.join("dist/gray-from-jpg.png"));
    assert_eq!(info, (320, 200, png::ColorType::Grayscale));
    let off: u64 = gray.iter().zip(&luma).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    assert!(off > 0 && off * 2 < 3 * luma.len() as u64, "off by {off} in {} pixels", luma.len());
}

/// Uploads a picture through the page in headless Chromium; the script checks what the page shows.
#[tokio::test(flavor = "multi_thread")]
async fn grayscale_page_works_in_a_browser() {
    let server = Server::start().await;
    let folder = root().join("examples/image-grayscale");
    readme::run(&folder, &server.base, &server.dapr).await.unwrap();
    let mut node = Command::new("node");
    node.arg("page.mjs").arg(format!("{}/image-grayscale/", server.base)).current_dir(root().join("tests/web"));
    let output = tokio::task::spawn_blocking(move || node.output()).await.unwrap().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{said}");
}

/// Luma of ITU-R BT.601, rounded as the example's README says.
fn luma(r: u8, g: u8, b: u8) -> u8 {
    ((299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b) + 500) / 1000) as u8
}

fn pixels(path: &Path) -> (Vec<u8>, (u32, u32, png::ColorType)) {
    let file = File::open(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut reader = png::Decoder::new(BufReader::new(file)).read_info().unwrap();
    let mut data = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut data).unwrap();
    data.truncate(frame.buffer_size());
    (data, (frame.width, frame.height, frame.color_type))
}
