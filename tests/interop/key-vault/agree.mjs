// Microsoft's own clients against a vault: whatever they refuse, they say; whatever they find goes to standard output as one line of JSON.
//
// In: VAULT, tokens (AUTH, RUNS, SIGNER, ADMINISTRATOR), and from us VERSION and CIPHERTEXT (of wrap-pepper), DIGEST, MESSAGE and SIGNATURE (of directory).

import assert from "node:assert/strict";
import { createPublicKey, verify } from "node:crypto";
import { CryptographyClient, KeyClient } from "@azure/keyvault-keys";
import { SecretClient } from "@azure/keyvault-secrets";

const { VAULT, VERSION, CIPHERTEXT, MESSAGE, SIGNATURE, DIGEST } = process.env;
const bytes = (text) => Buffer.from(text, "base64url");
const base64 = (value) => Buffer.from(value).toString("base64url");

// The vault is on this machine, whose name is not below vault.azure.net.
const options = { disableChallengeResourceVerification: true, retryOptions: { maxRetries: 0 } };
const scopes = new Set();
const who = (name) => ({
  getToken: async (scope) => {
    scopes.add(String(scope));
    return { token: process.env[name], expiresOnTimestamp: Date.now() + 3_600_000 };
  },
});
const keys = (name) => new KeyClient(VAULT, who(name), options);
const crypto = (name, id) => new CryptographyClient(id, who(name), options);
const refused = (status, code) => (error) => error.statusCode === status && error.code === code;

// What we wrapped, unwrapped by the version that we named.
const pepper = `${VAULT}keys/wrap-pepper/${VERSION}`;
const opened = await crypto("AUTH", pepper).unwrapKey("RSA-OAEP-256", bytes(CIPHERTEXT));
assert.equal(opened.keyID, pepper);

// What this client wraps: on its own, with the public key that it reads.
const current = await keys("AUTH").getKey("wrap-pepper");
assert.equal(current.keyType, "RSA");
assert.equal(current.properties.version, VERSION);
const wrapped = await crypto("AUTH", current).wrapKey("RSA-OAEP-256", Buffer.from("wrapped by JavaScript, 32 bytes!"));

// What we had signed, verified by OpenSSL with the public key that this client reads; and the other way round.
const directory = await keys("SIGNER").getKey("directory");
const { kty, crv, x, y } = directory.key;
const jwk = { kty, crv, x: base64(x), y: base64(y) };
const publicKey = createPublicKey({ key: jwk, format: "jwk" });
const rules = { key: publicKey, dsaEncoding: "ieee-p1363" };
assert.ok(verify("sha256", Buffer.from(MESSAGE), rules, bytes(SIGNATURE)), "our signature");
assert.ok(!verify("sha256", Buffer.from("another"), rules, bytes(SIGNATURE)), "of another message");
const signed = await crypto("SIGNER", directory.id).sign("ES256", bytes(DIGEST));
assert.equal(signed.keyID, directory.id);
assert.ok(verify("sha256", Buffer.from(MESSAGE), rules, signed.result), "its signature");

// Everybody else.
await assert.rejects(keys("RUNS").getKey("wrap-pepper"), refused(403, "Forbidden"));
await assert.rejects(crypto("RUNS", pepper).unwrapKey("RSA-OAEP-256", bytes(CIPHERTEXT)), refused(403, "Forbidden"));
await assert.rejects(crypto("AUTH", directory.id).sign("ES256", bytes(DIGEST)), refused(403, "Forbidden"));

// What is wrong or missing.
const changed = bytes(CIPHERTEXT);
changed[0] ^= 1;
await assert.rejects(crypto("AUTH", pepper).unwrapKey("RSA-OAEP-256", changed), refused(400, "BadParameter"));
await assert.rejects(keys("ADMINISTRATOR").getKey("no-such-key"), refused(404, "KeyNotFound"));
process.env.NOBODY = "no.such.token";
await assert.rejects(keys("NOBODY").getKey("wrap-pepper"), (error) => error.statusCode === 401);

// Making, and rotation.
const administrator = keys("ADMINISTRATOR");
const made = await administrator.createRsaKey("wrap-new", { keySize: 2048 });
const rotated = await administrator.rotateKey("wrap-new");
assert.notEqual(made.properties.version, rotated.properties.version);
assert.equal((await administrator.getKey("wrap-new")).properties.version, rotated.properties.version);
assert.equal((await administrator.getKey("wrap-new", { version: made.properties.version })).id, made.id);

// Secrets.
const secrets = (name) => new SecretClient(VAULT, who(name), options);
await secrets("ADMINISTRATOR").setSecret("mail-password", "set by JavaScript");
const secret = await secrets("AUTH").getSecret("mail-password");
assert.equal(secret.value, "set by JavaScript");
await assert.rejects(secrets("SIGNER").getSecret("mail-password"), refused(403, "Forbidden"));

assert.deepEqual([...scopes], ["https://vault.azure.net/.default"], "the challenge names the scope");
console.log(JSON.stringify({
  opened: base64(opened.result),
  wrapped: base64(wrapped.result),
  wrappedBy: wrapped.keyID,
}));
