// Passkeys. A form with `data-passkey` asks the server what to ask the authenticator, asks it, and
// hands the answer back. Everything else on these pages works without this file.
'use strict';

(() => {
  const decode = (text) => {
    const plain = text.replace(/-/g, '+').replace(/_/g, '/');
    return Uint8Array.from(atob(plain), (letter) => letter.charCodeAt(0));
  };
  const encode = (buffer) => {
    const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join('');
    return btoa(letters).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  };
  const named = (list) => (list || []).map((one) => ({ ...one, id: decode(one.id) }));

  const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, '')}.`;

  const post = async (path, body) => {
    const answer = await fetch(path, {
      method: 'POST',
      credentials: 'same-origin',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(body),
    });
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) {
      throw new Error(said.error
        ? `${sentence(said.error.message)} ${sentence(said.error.hint)}`
        : 'This did not work. Try again.');
    }
    return said;
  };

  const create = async (options) => {
    const made = await navigator.credentials.create({
      publicKey: {
        ...options,
        challenge: decode(options.challenge),
        user: { ...options.user, id: decode(options.user.id) },
        excludeCredentials: named(options.excludeCredentials),
      },
    });
    return {
      id: made.id,
      rawId: encode(made.rawId),
      type: made.type,
      extensions: made.getClientExtensionResults(),
      response: {
        attestationObject: encode(made.response.attestationObject),
        clientDataJSON: encode(made.response.clientDataJSON),
      },
    };
  };

  const get = async (options) => {
    const found = await navigator.credentials.get({
      publicKey: {
        ...options,
        challenge: decode(options.challenge),
        allowCredentials: named(options.allowCredentials),
      },
    });
    const { userHandle } = found.response;
    return {
      id: found.id,
      rawId: encode(found.rawId),
      type: found.type,
      extensions: found.getClientExtensionResults(),
      response: {
        authenticatorData: encode(found.response.authenticatorData),
        clientDataJSON: encode(found.response.clientDataJSON),
        signature: encode(found.response.signature),
        userHandle: userHandle ? encode(userHandle) : null,
      },
    };
  };

  // What the browser says of a ceremony that ended is meant for programmers.
  const words = (error) => {
    switch (error.name) {
      case 'NotAllowedError':
        return 'No passkey was used: it was cancelled, or it took too long. Try again.';
      case 'InvalidStateError':
        return 'This device holds a passkey of yours already. Use another device, or sign in with it.';
      case 'SecurityError':
        return 'Passkeys do not work at this address. Open the console at its own address.';
      default:
        return error.message;
    }
  };

  const run = async (form) => {
    const button = form.querySelector('button');
    const status = form.querySelector('[role="alert"]');
    const label = form.querySelector('input[name="label"]');
    status.textContent = '';
    button.disabled = true;
    try {
      const path = form.dataset.path;
      const asked = await post(`${path}/begin`, {});
      const ask = form.dataset.passkey === 'create' ? create : get;
      const answer = await ask(asked.options.publicKey);
      const done = await post(`${path}/finish`, {
        challenge: asked.challenge,
        answer,
        label: label ? label.value : '',
        next: form.dataset.next || '/',
      });
      window.location.assign(done.next);
    } catch (error) {
      status.textContent = words(error);
      button.disabled = false;
      button.focus();
    }
  };

  for (const form of document.querySelectorAll('form[data-passkey]')) {
    if (window.PublicKeyCredential) {
      form.hidden = false;
      form.addEventListener('submit', (event) => {
        event.preventDefault();
        run(form);
      });
    }
  }
  // Hidden without this script, or where the browser has no passkeys.
  for (const note of document.querySelectorAll('[data-without-passkeys]')) {
    note.hidden = Boolean(window.PublicKeyCredential);
  }
})();
