/* Passkeys. A form that takes a code takes a passkey too: pressed without a code, it first asks what the passkey shall
   sign for exactly this form, then is sent with the answer. Without this file a code does it. */

const fromText = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const toText = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const withBytes = (one) => ({ ...one, id: fromText(one.id) });

/* What the browser answered, as WebAuthn spells it in JSON. */
function spelled(credential) {
  const { response } = credential;
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const kept = parts.filter((part) => response[part]).map((part) => [part, toText(response[part])]);
  return JSON.stringify({
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    response: Object.fromEntries(kept),
    clientExtensionResults: {},
  });
}

async function use(options) {
  const asked = { ...options, challenge: fromText(options.challenge), allowCredentials: (options.allowCredentials ?? []).map(withBytes) };
  return spelled(await navigator.credentials.get({ publicKey: asked }));
}

async function make(options) {
  const asked = {
    ...options,
    challenge: fromText(options.challenge),
    user: { ...options.user, id: fromText(options.user.id) },
    excludeCredentials: (options.excludeCredentials ?? []).map(withBytes),
  };
  return spelled(await navigator.credentials.create({ publicKey: asked }));
}

/* The question is the form itself, so the answer is good for what it says and nothing else. */
async function ask(form, button) {
  const body = new FormData(form, button);
  body.set("passkey", "ask");
  const answer = await fetch(button?.hasAttribute("formaction") ? button.formAction : form.action, { method: "POST", body, headers: { Accept: "application/json" } });
  const isOptions = answer.headers.get("Content-Type")?.startsWith("application/json");
  return isOptions ? (await answer.json()).publicKey : null;
}

const SAID = {
  NotAllowedError: "The passkey was not used. Press the button again, or use a code.",
  InvalidStateError: "This passkey belongs to your account already. Take another one.",
  SecurityError: "Passkeys work at this server’s own address alone. Use a code here.",
};
const FAILED = "The passkey could not be asked. Press the button again, or use a code.";

function say(form, text) {
  form.querySelector("[data-passkey-said]").textContent = text;
  for (const button of form.querySelectorAll(".is-sent")) button.classList.remove("is-sent");
}

/* Sent by hand: the check of the fields was made by the press, and must not ask for a code. */
function send(form, button, credential) {
  form.elements.credential.value = credential;
  if (button?.hasAttribute("formaction")) form.action = button.formAction;
  if (button?.name) {
    const pressed = Object.assign(document.createElement("input"), { type: "hidden", name: button.name, value: button.value });
    form.append(pressed);
  }
  form.submit();
}

async function onSubmit(event) {
  const form = event.target;
  const field = form.elements.credential;
  if (!field || form.elements.code?.value.trim()) return;
  event.preventDefault();
  say(form, "");
  const create = document.getElementById(form.dataset.create ?? "");
  try {
    const options = create ? JSON.parse(create.textContent).publicKey : await ask(form, event.submitter);
    send(form, event.submitter, options ? await (create ? make : use)(options) : "");
  } catch (error) {
    say(form, SAID[error.name] ?? FAILED);
  }
}

function reveal() {
  for (const note of document.querySelectorAll("[data-passkey]")) note.hidden = false;
}

if (window.PublicKeyCredential) {
  reveal();
  for (const other of document.querySelectorAll("[data-instead]")) other.open = false;
  document.addEventListener("htmx:afterSettle", reveal);
  document.addEventListener("submit", onSubmit);
}
