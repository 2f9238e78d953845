"""Voices to make calls of: packages of Debian and speech synthesis.

Everything is read where apt puts it or made by espeak-ng, flite and
festival; nothing of it is kept in the project.  See DATA.md.
"""
import glob
import hashlib
import json
import os
import subprocess
import tempfile

import numpy as np
import soundfile as sf
from scipy.signal import resample_poly

RATE = 8000

# Also in data/amd, which must stay unheard while training.
SEEN_KLETTRES = {'uk', 'de', 'he', 'en', 'it', 'pt_BR', 'ml', 'nds', 'nl',
                 'da'}
SEEN = {'fillets-nl', 'en_US_f_Allison', 'es_MX_f_Allison', 'fr_CA_f_June',
        'ru_RU_f_IvrvoiceRU', 'flite-slt', 'flite-kal16'}

SHORT = {
    'en': ['Hello?', 'Yes?', 'Hi.', 'Hello.', 'Yeah?', 'Hey!', 'Smith.',
           'Good morning.', 'Who is it?', 'Yep.', 'Hello, Anna here.'],
    'de': ['Hallo?', 'Ja?', 'Ja bitte?', 'Meier.', 'Guten Tag.', 'Hallo.'],
    'fr': ['Allô ?', 'Oui ?', 'Bonjour.', 'Oui, allô ?'],
    'es': ['¿Diga?', '¿Sí?', '¿Hola?', '¿Bueno?', 'Dígame.'],
    'it': ['Pronto?', 'Sì?', 'Chi parla?'],
    'pl': ['Halo?', 'Słucham?', 'Tak?'],
    'cs': ['Haló?', 'Prosím?', 'Ano?', 'Novák.'],
    'fi': ['Haloo?', 'Niin?', 'Virtanen.'],
    'ru': ['Алло?', 'Да?', 'Слушаю.'],
    'pt': ['Alô?', 'Sim?', 'Estou?'],
    'sv': ['Hallå?', 'Ja?', 'Hej.'],
    'tr': ['Alo?', 'Efendim?', 'Buyurun.'],
    'nl': ['Hallo?', 'Ja?', 'Met Jan.'],
    'ca': ['Digui?', 'Sí?', 'Hola?'],
    'hi': ['हैलो?', 'हाँ?', 'नमस्ते।'],
}
BUSINESS = {
    'en': ['Baker and partners, Susan speaking, what can I do for you?',
           'Hotel Central, reception, good evening.',
           'Thank you for calling City Motors, this is Mike.',
           'Dental practice Dr. Jones, good morning, Amy speaking.',
           'Support desk, Robert, how may I help?'],
    'de': ['Firma Müller und Söhne, Schneider am Apparat, guten Tag.',
           'Praxis Doktor Weber, mein Name ist Klein, was kann ich für Sie '
           'tun?'],
    'fr': ['Cabinet Durand, bonjour, Sophie à votre service.'],
    'es': ['Clínica Santa Ana, buenos días, le atiende María.'],
    'it': ['Studio Rossi, buongiorno, sono Carla, come posso aiutarla?'],
    'cs': ['Firma Novotný, dobrý den, jak vám mohu pomoci?'],
    'fi': ['Autohuolto Virtanen, Liisa puhelimessa, hyvää päivää.'],
    'nl': ['Tandartspraktijk Zuid, goedemorgen, met Els.'],
}
HOLD = {
    'en': [('Hello, one moment please.', 'So, here I am, who is this?'),
           ('Wait a second.', 'All right, go on.'),
           ('Yes? I cannot hear you well.', 'Hello? Are you there?')],
    'de': [('Moment bitte.', 'So, jetzt, wer ist da?')],
    'fr': [('Un instant.', 'Oui, je vous écoute.')],
    'es': [('Un momento.', 'Sí, dígame, quién es?')],
    'cs': [('Moment prosím.', 'Tak, už poslouchám.')],
}
GREETING = {
    'en': ['Hello, you have reached Peter. I am not available right now, '
           'please leave your name and number after the tone.',
           'The person you have called cannot take your call. Please record '
           'your message after the tone.',
           'Hi, sorry I missed you. Leave me a message and I will call back.',
           'This is the voice mail of Lisa Brown. Speak after the beep.',
           'The number you have dialed is switched off. Please try again '
           'later, or leave a message.',
           'Welcome to the answering service of Green Garden. Our office is '
           'closed at present.'],
    'de': ['Hier ist der Anrufbeantworter von Petra Klein. Bitte sprechen '
           'Sie nach dem Signalton.',
           'Der gewünschte Teilnehmer ist zur Zeit nicht erreichbar. Bitte '
           'hinterlassen Sie eine Nachricht.'],
    'fr': ['Vous êtes bien chez Marc et Julie. Nous sommes absents, laissez '
           'un message après le bip.'],
    'es': ['Este es el buzón de voz de Pedro. Por favor deje su mensaje '
           'después del tono.'],
    'it': ['Risponde la segreteria telefonica di Paolo. Lasciate un '
           'messaggio dopo il segnale acustico.'],
    'pl': ['Abonent jest czasowo niedostępny. Proszę zostawić wiadomość po '
           'sygnale.'],
    'cs': ['Volaný účastník není dostupný. Zanechte prosím zprávu po '
           'zaznění tónu.'],
    'fi': ['Olette soittaneet Matin vastaajaan. Jättäkää viesti äänimerkin '
           'jälkeen.'],
    'ru': ['Абонент временно недоступен. Оставьте сообщение после сигнала.'],
    'pt': ['Você ligou para a caixa postal de João. Deixe a sua mensagem '
           'após o sinal.'],
    'sv': ['Personen du söker kan inte svara just nu. Lämna ett '
           'meddelande efter tonen.'],
    'nl': ['U spreekt met de voicemail van Piet. Spreek iets in na de piep.'],
    'ca': ['Ara no puc atendre la trucada. Deixeu el missatge després del '
           'senyal.'],
    'hi': ['आप जिस व्यक्ति से संपर्क करना चाहते हैं वह उपलब्ध नहीं है। '
           'कृपया संदेश छोड़ें।'],
}
BRIEF = {
    'en': ['Please leave a message.', 'Leave a message after the tone.',
           'Tom here, speak after the beep.', 'You know the drill.',
           'This is Joe, leave it after the beep.', 'Not here. Message.'],
    'de': ['Nachricht bitte nach dem Ton.', 'Bin nicht da.'],
    'fr': ['Laissez un message.'], 'es': ['Deje su mensaje.'],
    'it': ['Lasciate un messaggio.'], 'cs': ['Nechte vzkaz.'],
    'fi': ['Jätä viesti.'], 'ru': ['Оставьте сообщение.'],
    'pt': ['Deixe o seu recado.'], 'nl': ['Laat een bericht achter.'],
}
TEASE = {
    'en': [('Hello?', 'Got you, I am not at home. Leave a message.'),
           ('Hi, Mark here.', 'I am out right now, so leave me a message '
            'after the tone.'),
           ('Hello, this is Kate speaking.', 'At the moment I cannot answer, '
            'please call again later.')],
    'de': [('Hallo?', 'Reingelegt, ich bin gar nicht da. Sprich nach dem '
            'Piep.'), ('Guten Tag.', 'Sie haben Familie Berg erreicht, wir '
                       'sind nicht zu Hause.')],
    'fr': [('Bonjour.', 'Je ne suis pas là, laissez un message après le '
            'bip.')],
    'es': [('Hola.', 'No estoy en casa, deja tu mensaje después del tono.')],
    'cs': [('Dobrý den.', 'Nejsme doma, zanechte nám vzkaz.')],
    'it': [('Ciao, sono Marta.', 'Adesso non posso rispondere, lasciate un '
            'messaggio.')],
}
MENU = {
    'en': ['Welcome to First Bank. For sales press one, for service press '
           'two, or hold the line.',
           'Thank you for calling. Your call may be recorded. Please say '
           'what you are calling about.'],
    'de': ['Herzlich willkommen. Für Bestellungen drücken Sie die eins, für '
           'Fragen die zwei.'],
    'es': ['Bienvenido. Para ventas, pulse uno. Para soporte, pulse dos.'],
    'fr': ["Bienvenue. Pour le service client, tapez un. Sinon, restez en "
           'ligne.'],
    'cs': ['Vítejte. Pro objednávky stiskněte jedničku.'],
}
SCREEN = {
    'en': ['The person you are trying to reach is screening calls. State '
           'your name and why you are calling.',
           'Say your name after the tone and I will see if they are '
           'available.'],
}

# Synthetic voices: program, voice, language.
ESPEAK = ['m1', 'm2', 'm4', 'm6', 'm7', 'f1', 'f4', 'f5', 'croak']
FESTIVAL = [('kal_diphone', 'en'), ('ked_diphone', 'en'),
            ('cmu_us_slt_arctic_hts', 'en'), ('lp_diphone', 'it'),
            ('pc_diphone', 'it'), ('czech_dita', 'cs'),
            ('czech_krb', 'cs'), ('czech_machac', 'cs'), ('czech_ph', 'cs'),
            ('suo_fi_lj_diphone', 'fi'), ('hy_fi_mv_diphone', 'fi'),
            ('msu_ru_nsh_clunits', 'ru'), ('upc_ca_ona_hts', 'ca'),
            ('hindi_NSK_diphone', 'hi')]
FLITE = ['awb', 'rms', 'slt', 'kal16']


def at_rate(x, rate):
    if x.ndim > 1:
        x = x[:, 0]
    if rate != RATE:
        g = np.gcd(rate, RATE)
        x = resample_poly(x, RATE // g, rate // g)
    return x.astype(np.float32)


def trim(x, below=38.0):
    """Silence at both ends goes: all that is `below` dB under the loudest."""
    n = len(x) // 80
    if n < 4:
        return x[:0]
    e = 10 * np.log10((x[:n * 80].reshape(n, 80) ** 2).mean(1) + 1e-10)
    on = np.flatnonzero(e > max(e.max() - below, -62))
    return x[on[0] * 80:(on[-1] + 1) * 80] if len(on) else x[:0]


def level(x):
    """dBFS of what is spoken."""
    n = max(len(x) // 160, 1)
    e = (x[:n * 160].reshape(n, -1) ** 2).mean(1)
    return 10 * np.log10(e[e > e.max() / 100].mean() + 1e-10)


def read(path):
    try:
        if path.endswith('.gsm'):
            raw = subprocess.run(['sox', path, '-t', 's16', '-r', '8000', '-'],
                                 capture_output=True, check=True).stdout
            return np.frombuffer(raw, '<i2').astype(np.float32) / 32768
        return at_rate(*sf.read(path, dtype='float32'))
    except (RuntimeError, subprocess.CalledProcessError):
        return np.zeros(0, np.float32)


class Store:
    """What was read or made once, as 16-bit WAV in a folder of its own."""

    def __init__(self, folder):
        self.folder, self.numbers, self.fresh = folder, None, 0
        os.makedirs(folder, exist_ok=True)

    def get(self, name, make):
        key = hashlib.sha1(name.encode()).hexdigest()[:20]
        path = os.path.join(self.folder, key + '.wav')
        if not os.path.exists(path):
            x = make()
            sf.write(path, np.clip(x, -1, 1), RATE, subtype='PCM_16')
        return sf.read(path, dtype='float32')[0]

    def number(self, name, make):
        path = os.path.join(self.folder, 'numbers.json')
        if self.numbers is None:
            self.numbers = {}
            if os.path.exists(path):
                with open(path) as f:
                    self.numbers = json.load(f)
        if name not in self.numbers:
            self.numbers[name] = float(make())
            self.fresh += 1
        return self.numbers[name]

    def save(self):
        if self.fresh:
            path = os.path.join(self.folder, 'numbers.json')
            with open(path + str(os.getpid()), 'w') as f:
                json.dump(self.numbers, f)
            os.replace(path + str(os.getpid()), path)


def _espeak(voice, text):
    with tempfile.NamedTemporaryFile(suffix='.wav') as f:
        subprocess.run(['espeak-ng', '-v', voice, '-s',
                        str(140 + len(text + voice) % 40), '-w', f.name,
                        text], check=True, stderr=subprocess.DEVNULL)
        return trim(at_rate(*sf.read(f.name, dtype='float32')))


def _flite(voice, text):
    with tempfile.NamedTemporaryFile(suffix='.wav') as f:
        subprocess.run(['flite', '-voice', voice, '-t', text, '-o', f.name],
                       check=True)
        return trim(at_rate(*sf.read(f.name, dtype='float32')))


def _festival(voice, text):
    with tempfile.NamedTemporaryFile(suffix='.wav') as f:
        try:
            subprocess.run(['text2wave', '-eval', '(voice_%s)' % voice, '-o',
                            f.name], input=text.encode('utf-8'), check=True,
                           stderr=subprocess.DEVNULL, timeout=30)
            return trim(at_rate(*sf.read(f.name, dtype='float32')))
        except (subprocess.SubprocessError, RuntimeError):
            return np.zeros(0, np.float32)


def voices(seen):
    """(name, language, function of text) of all synthetic voices."""
    out = []
    for lang in GREETING:
        for v in ESPEAK:
            name = '%s+%s' % (lang, v)
            out.append(('espeak-' + name, lang,
                        lambda t, n=name: _espeak(n, t)))
    for v, lang in FESTIVAL:
        out.append(('festival-' + v, lang,
                    lambda t, n=v: _festival(n, t)))
    for v in FLITE:
        if seen or 'flite-' + v not in SEEN:
            out.append(('flite-' + v, 'en', lambda t, n=v: _flite(n, t)))
    return out


def said(store, voice, text):
    """The text by a synthetic voice, None where it can't."""
    x = store.get('tts/%s/%s' % (voice[0], text), lambda: voice[2](text))
    return x if len(x) > 800 else None


def klettres(store, seen):
    """Syllables and letters: (voice, samples), 0.2 to 0.9 s."""
    out = []
    for folder in sorted(glob.glob('/usr/share/klettres/*/')):
        lang = folder.split('/')[-2]
        if lang in ('pics', 'icons') or (not seen and lang in SEEN_KLETTRES):
            continue
        paths = sorted(glob.glob(folder + '*/*.ogg'))
        for path in paths[::max(len(paths) // 40, 1)]:
            x = store.get(path, lambda p=path: trim(read(p)))
            if 1600 <= len(x) <= 8000:
                out.append(('klettres-' + lang, x))
    return out


def voiced(x):
    """Share of what is loud that repeats itself as a voice does."""
    n = len(x) // 240
    e = (x[:n * 240].reshape(n, -1) ** 2).mean(1)
    out = []
    for i in np.flatnonzero(e > e.max() / 100):
        y = x[i * 240:i * 240 + 360]
        if len(y) < 360:
            break
        a = [np.dot(y[:240], y[k:k + 240]) /
             np.sqrt(np.dot(y[:240], y[:240]) *
                     np.dot(y[k:k + 240], y[k:k + 240]) + 1e-12)
             for k in range(20, 115)]
        out.append(max(a) > 0.7)
    return np.mean(out) if out else 0


def fillets(store, seen):
    """Acted lines, no bubbles and knocks: (voice, samples)."""
    out = []
    for lang in ('cs', 'nl') if seen else ('cs',):
        paths = sorted(glob.glob('/usr/share/games/fillets-ng/sound/*/%s/*-'
                                 '[mv]-*.ogg' % lang))
        for path in paths:
            who = os.path.basename(path).split('-')[1]
            x = store.get(path, lambda p=path: trim(read(p)))
            if len(x) >= 2000 and store.number(
                    'voiced/' + path, lambda y=x: voiced(y)) > 0.3:
                out.append(('fillets-%s-%s' % (lang, who), x))
    store.save()
    return out


def words(lines):
    """Cut out of lines where it is quiet for 60 ms: 0.25 to 0.9 s."""
    out = []
    for who, x in lines:
        n = len(x) // 160
        e = 10 * np.log10((x[:n * 160].reshape(n, -1) ** 2).mean(1) + 1e-10)
        on = np.convolve(e > e.max() - 22, [1, 1, 1], 'same') > 0
        edges = np.flatnonzero(np.diff(np.r_[0, on, 0]))
        for a, b in zip(edges[::2], edges[1::2]):
            y = x[a * 160:b * 160].copy()
            if 2000 <= len(y) <= 7200 and e[a:b].max() > e.max() - 10:
                y[:80] *= np.linspace(0, 1, 80)
                y[-240:] *= np.linspace(1, 0, 240)
                out.append((who, y))
    return out


PROMPTS = {
    'en_US_f_Allison': '/usr/share/asterisk/sounds/en_US_f_Allison',
    'es_MX_f_Allison': '/usr/share/asterisk/sounds/es_MX_f_Allison',
    'fr_CA_f_June': '/usr/share/asterisk/sounds/fr_CA_f_June',
    'ru_RU_f_IvrvoiceRU': '/usr/share/asterisk/sounds/ru_RU_f_IvrvoiceRU',
    'it_IT_m_Carlo': '/usr/share/asterisk/sounds/it_IT_m_Carlo',
    'it_IT_f_Menardi': '/usr/share/asterisk/sounds/it_IT_f_Menardi',
    'es-co': '/usr/share/asterisk/sounds/es',
    'fr-armelle': '/usr/share/asterisk/sounds/fr',
}
WANTED = ['vm-*', 'digits/[0-9]', 'dir-intro', 'demo-*', 'ss-*', 'pls-*',
          'welcome', 'basic-*', 'all-*', 'cannot-*', 'number-*',
          'the-number*', 'agent-*', 'conf-*', 'priv-*', 'please-*', 'you-*',
          'queue-*', 'im-sorry', 'invalid', 'auth-*', 'call-*', 'dictate/*',
          'followme/*', 'thank*', 'your*', 'there*', 'our*', 'for*', 'if*']


def prompts(store, seen):
    """Of each prompt voice: its recordings by name."""
    out = {}
    for voice, folder in PROMPTS.items():
        if voice in SEEN and not seen:
            continue
        files = {}
        for pattern in WANTED:
            for path in glob.glob('%s/%s.*' % (folder, pattern)):
                name = os.path.splitext(os.path.relpath(path, folder))[0]
                x = store.get(path, lambda p=path: trim(read(p)))
                if len(x) >= 1600:
                    files[name] = x
        if len(files) > 20:
            out[voice] = files
    return out


def music():
    return [read(p) for p in
            sorted(glob.glob('/usr/share/asterisk/moh/*.wav'))]
