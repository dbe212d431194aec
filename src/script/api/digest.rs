//! `crypto` and `base64`: digests that sites require, and base64 coding.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use mlua::{Lua, Table};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::model::Kind;
use crate::script::failure::refuse;

/// The block size of SHA-256, which HMAC needs (RFC 2104).
const BLOCK: usize = 64;

/// Adds the tables to the globals.
pub(super) fn add(lua: &Lua, globals: &Table) -> mlua::Result<()> {
    let crypto = lua.create_table()?;
    crypto.raw_set(
        "md5",
        lua.create_function(|_, text: mlua::LuaString| Ok(hex(&Md5::digest(&*text.as_bytes()))))?,
    )?;
    crypto.raw_set(
        "sha1",
        lua.create_function(|_, text: mlua::LuaString| Ok(hex(&Sha1::digest(&*text.as_bytes()))))?,
    )?;
    crypto.raw_set(
        "sha256",
        lua.create_function(|_, text: mlua::LuaString| {
            Ok(hex(&Sha256::digest(&*text.as_bytes())))
        })?,
    )?;
    crypto.raw_set(
        "hmac_sha256",
        lua.create_function(|_, (key, text): (mlua::LuaString, mlua::LuaString)| {
            Ok(hex(&hmac(&key.as_bytes(), &text.as_bytes())))
        })?,
    )?;
    globals.raw_set("crypto", crypto)?;
    let base64 = lua.create_table()?;
    base64.raw_set(
        "encode",
        lua.create_function(|_, text: mlua::LuaString| Ok(STANDARD.encode(&*text.as_bytes())))?,
    )?;
    base64.raw_set(
        "decode",
        lua.create_function(|lua, text: mlua::LuaString| {
            let bytes = STANDARD.decode(&*text.as_bytes());
            let bytes = bytes
                .map_err(|error| refuse(Kind::Corrupt, format!("cannot read base64: {error}")))?;
            lua.create_string(bytes)
        })?,
    )?;
    globals.raw_set("base64", base64)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// HMAC (RFC 2104) with SHA-256.
fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut block = [0; BLOCK];
    match key.len() > BLOCK {
        true => block[..32].copy_from_slice(&Sha256::digest(key)),
        false => block[..key.len()].copy_from_slice(key),
    }
    let keyed = |with: u8| Sha256::new().chain_update(block.map(|byte| byte ^ with));
    let inner = keyed(0x36).chain_update(text).finalize();
    keyed(0x5c).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_is_that_of_the_rfc() {
        // RFC 4231, cases 2 and 6.
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(
            hex(&hmac(b"Jefe", b"what do ya want for nothing?")),
            expected
        );
        let expected = "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54";
        let text = b"Test Using Larger Than Block-Size Key - Hash Key First";
        assert_eq!(hex(&hmac(&[0xaa; 131], text)), expected);
    }
}
