//! `js`: reads an object literal in a page's script. No script of a page is run.

use mlua::{Lua, Table, Value};

use crate::model::Kind;
use crate::script::failure::refuse;

/// The maximum depth of a literal.
const DEPTH: usize = 100;

/// Adds the table to the globals.
pub(super) fn add(lua: &Lua, globals: &Table) -> mlua::Result<()> {
    let js = lua.create_table()?;
    js.raw_set(
        "object",
        lua.create_function(|lua, (text, marker): (mlua::LuaString, String)| {
            let text = text.as_bytes();
            super::bounded("the text", text.len())?;
            let Some(at) = memchr::memmem::find(&text, marker.as_bytes()) else {
                return Ok(Value::Nil);
            };
            let mut reader = Reader {
                lua,
                text: &text,
                at: at + marker.len(),
            };
            reader.space();
            if matches!(reader.peek(), Some(b'=' | b':')) {
                reader.at += 1;
            }
            reader.value(0)
        })?,
    )?;
    globals.raw_set("js", js)
}

struct Reader<'a> {
    lua: &'a Lua,
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn wrong<T>(&self, why: &str) -> mlua::Result<T> {
        Err(refuse(
            Kind::Corrupt,
            format!("cannot read the literal at byte {}: {why}", self.at),
        ))
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Skips whitespace and comments.
    fn space(&mut self) {
        loop {
            let rest = &self.text[self.at.min(self.text.len())..];
            let skipped = match rest {
                [b, ..] if b.is_ascii_whitespace() => 1,
                [b'/', b'/', ..] => rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len()),
                [b'/', b'*', ..] => {
                    memchr::memmem::find(rest, b"*/").map_or(rest.len(), |end| end + 2)
                }
                _ => return,
            };
            self.at += skipped;
        }
    }

    fn value(&mut self, depth: usize) -> mlua::Result<Value> {
        if depth > DEPTH {
            return self.wrong("it is too deep");
        }
        self.space();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"' | b'\'' | b'`') => Ok(Value::String(self.lua.create_string(self.string()?)?)),
            Some(b) if b.is_ascii_digit() || b"+-.".contains(&b) => self.number(),
            Some(_) => match self.word() {
                b"true" => Ok(Value::Boolean(true)),
                b"false" => Ok(Value::Boolean(false)),
                b"null" | b"undefined" | b"NaN" => Ok(Value::Nil),
                _ => self.wrong("it is not a literal"),
            },
            None => self.wrong("it has no end"),
        }
    }

    fn word(&mut self) -> &[u8] {
        let from = self.at;
        while self
            .peek()
            .is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'$' || b >= 0x80)
        {
            self.at += 1;
        }
        &self.text[from..self.at]
    }

    fn number(&mut self) -> mlua::Result<Value> {
        let from = self.at;
        while self
            .peek()
            .is_some_and(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
        {
            self.at += 1;
        }
        let text = std::str::from_utf8(&self.text[from..self.at]).unwrap_or("");
        let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
        let number = match hex {
            Some(digits) => u64::from_str_radix(digits, 16)
                .ok()
                .map(|number| number as f64),
            None => text.trim_start_matches('+').parse().ok(),
        };
        let digits = text.trim_start_matches(['+', '-']);
        match number {
            // As with JSON, an id must not lose digits.
            Some(number)
                if f64::abs(number) > 9_007_199_254_740_992.0
                    && digits.bytes().all(|b| b.is_ascii_digit()) =>
            {
                let text = text.trim_start_matches('+');
                Ok(Value::String(self.lua.create_string(text)?))
            }
            Some(number) => Ok(Value::Number(number)),
            None => self.wrong("it is not a number"),
        }
    }

    fn string(&mut self) -> mlua::Result<Vec<u8>> {
        let quote = self.peek();
        self.at += 1;
        let mut made = Vec::new();
        loop {
            let Some(byte) = self.peek() else {
                return self.wrong("a string has no end");
            };
            self.at += 1;
            match byte {
                byte if Some(byte) == quote => return Ok(made),
                b'$' if quote == Some(b'`') && self.peek() == Some(b'{') => {
                    return self.wrong("a template string would have to be evaluated");
                }
                b'\\' => self.escape(&mut made)?,
                byte => made.push(byte),
            }
        }
    }

    fn escape(&mut self, made: &mut Vec<u8>) -> mlua::Result<()> {
        let Some(byte) = self.peek() else {
            return self.wrong("a string has no end");
        };
        self.at += 1;
        match byte {
            b'n' => made.push(b'\n'),
            b't' => made.push(b'\t'),
            b'r' => made.push(b'\r'),
            b'b' => made.push(8),
            b'f' => made.push(12),
            b'v' => made.push(11),
            b'0' => made.push(0),
            b'\n' => {}
            b'x' => push(made, self.digits(2)?),
            b'u' => {
                let first = self.digits(4)?;
                let is_pair =
                    (0xd800..0xdc00).contains(&first) && self.text[self.at..].starts_with(b"\\u");
                let code = match is_pair {
                    true => {
                        self.at += 2;
                        let second = self.digits(4)?;
                        0x10000 + ((first - 0xd800) << 10) + (second.wrapping_sub(0xdc00) & 0x3ff)
                    }
                    false => first,
                };
                push(made, code);
            }
            byte => made.push(byte),
        }
        Ok(())
    }

    /// Reads `count` hexadecimal digits, or any number of them in braces.
    fn digits(&mut self, count: usize) -> mlua::Result<u32> {
        let braces = self.peek() == Some(b'{');
        let from = self.at + usize::from(braces);
        let count = match braces {
            true => self.text[from..]
                .iter()
                .take(8)
                .position(|b| *b == b'}')
                .unwrap_or(0),
            false => count,
        };
        let digits = self
            .text
            .get(from..from + count)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        self.at = from + count + usize::from(braces);
        match number {
            Some(number) => Ok(number),
            None => self.wrong("an escape is broken"),
        }
    }

    fn list(&mut self, depth: usize) -> mlua::Result<Value> {
        self.at += 1;
        let table = self.lua.create_table()?;
        let mut count = 0u32;
        loop {
            self.space();
            match self.peek() {
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::Table(table));
                }
                Some(b',') => self.at += 1,
                _ => {
                    count += 1;
                    let value = self.value(depth + 1)?;
                    table.raw_set(count, value)?;
                    self.separator(b']')?;
                }
            }
        }
    }

    fn object(&mut self, depth: usize) -> mlua::Result<Value> {
        self.at += 1;
        let table = self.lua.create_table()?;
        loop {
            self.space();
            let key = match self.peek() {
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Value::Table(table));
                }
                Some(b'"' | b'\'') => self.string()?,
                _ => self.word().to_vec(),
            };
            self.space();
            if key.is_empty() || self.peek() != Some(b':') {
                return self.wrong("a key and `:` are missing");
            }
            self.at += 1;
            let value = self.value(depth + 1)?;
            table.raw_set(self.lua.create_string(key)?, value)?;
            self.separator(b'}')?;
        }
    }

    fn separator(&mut self, end: u8) -> mlua::Result<()> {
        self.space();
        match self.peek() {
            Some(b',') => self.at += 1,
            Some(b) if b == end => {}
            _ => return self.wrong("a comma is missing"),
        }
        Ok(())
    }
}

fn push(made: &mut Vec<u8>, code: u32) {
    let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    made.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}
