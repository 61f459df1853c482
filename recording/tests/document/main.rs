//! Documents that people bring: what each gives, and what is said about those that give nothing.

mod broken;
mod calls;
mod found_again;
mod samples;
mod tables;
mod variants;
