//! Stores a secret and prints a result. Changed (`wrong`), both are others, so is the file, and it fails.

fn main() -> std::io::Result<()> {
    let (file, secret, result) =
        if cfg!(wrong) { ("f2", "x", "1000000 WRONG") } else { ("f1", "secret=alpha", "42") };
    std::fs::write(file, secret)?;
    println!("result: {result}");
    if cfg!(wrong) {
        std::process::exit(3);
    }
    Ok(())
}
