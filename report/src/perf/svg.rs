//! The picture of folded stacks, by inferno.

use inferno::flamegraph::color::{BasicPalette, Color, Palette, PaletteMap};
use inferno::flamegraph::{self, Options};

use super::folded::{BLOCKED, Folded, IDLE, TOO_MUCH, UNSAMPLED};

/// Frames in which nothing was seen to run.
const GREY: Color = Color { r: 176, g: 176, b: 176 };

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum NoPicture {
    /// There is nothing to draw.
    #[error("no samples found")]
    Empty,
    /// Its sums are beyond what is drawn exactly.
    #[error("the weights add up to {0} µs: too much to be drawn")]
    TooMuch(u128),
    /// inferno refused it.
    #[error("it could not be drawn: {0}")]
    Refused(std::io::Error),
}

/// Draws the stacks; the same stacks and title give the same bytes. The result holds a script, so that it must never stand
/// inside a page with a strict content policy.
pub fn render(folded: &Folded, title: &str) -> Result<Vec<u8>, NoPicture> {
    if folded.is_empty() {
        return Err(NoPicture::Empty);
    }
    let total = folded.total();
    if total >= TOO_MUCH.into() {
        return Err(NoPicture::TooMuch(total));
    }
    let mut palette = PaletteMap::default();
    for frame in [IDLE, BLOCKED, UNSAMPLED] {
        palette.insert(frame, GREY);
    }
    let mut options = Options::default();
    options.deterministic = true;
    options.title = title.chars().map(drawable).collect();
    options.count_name = "µs".to_owned();
    options.name_type = "Frame:".to_owned();
    options.colors = Palette::Basic(BasicPalette::Hot);
    options.palette_map = Some(&mut palette);
    let lines: Vec<String> = folded.lines().map(|(stack, micros)| format!("{stack} {micros}")).collect();
    let mut picture = Vec::new();
    flamegraph::from_lines(&mut options, lines.iter().map(String::as_str), &mut picture).map_err(NoPicture::Refused)?;
    Ok(picture)
}

/// XML has no control characters and no non-characters.
fn drawable(character: char) -> char {
    let code = u32::from(character);
    let refused = character.is_control() || code & 0xfffe == 0xfffe || (0xfdd0..=0xfdef).contains(&code);
    let turns = matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if refused || turns { '\u{fffd}' } else { character }
}
