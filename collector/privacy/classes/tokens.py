"""Tokens and keys told by the form that their makers gave them so that they are found. Publishable keys are none."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from collector.privacy.classes.detector import Both, Detector, Span, by_iteration

FORMS = {
    "logboom": r"lb[ipra]_[0-9a-hjkmnp-tv-z]{12}_[0-9A-Za-z]{49}",
    "GitHub": r"gh[pousr]_[0-9A-Za-z]{36,}|github_pat_[0-9A-Za-z]{22}_[0-9A-Za-z]{59}",
    "GitLab": r"gl(?:pat|dt|rt|rtr|ptt|ft|soat|imt|agent|cbt|ffct|oas|wt)-[0-9A-Za-z_.-]{20,}|GR1348941[0-9A-Za-z_-]{20}",
    "AWS": r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}|ABSK[0-9A-Za-z+/]{100,}={0,2}|bedrock-api-key-[0-9A-Za-z+/=]{40,}",
    "Slack": r"xox[abeoprs]-[0-9A-Za-z-]{20,}|xoxe\.xox[bp]-[0-9A-Za-z-]{40,}|xapp-\d-[0-9A-Z]{5,20}-\d{5,20}-[0-9a-z]{30,}"
    r"|(?:https?://)?hooks\.slack\.com/(?:services|workflows|triggers)/[0-9A-Za-z+/_-]{20,}",
    "Stripe": r"(?:sk|rk)_(?:live|test|prod)_[0-9A-Za-z]{10,}|whsec_[0-9A-Za-z+/]{24,}={0,2}",
    "Google": r"AIza[0-9A-Za-z_-]{35}|ya29\.[0-9A-Za-z_-]{20,}|GOCSPX-[0-9A-Za-z_-]{28}|1//0[0-9A-Za-z_-]{30,}",
    "Azure": r"[0-9A-Za-z_~.]{3}[0-9]Q~[0-9A-Za-z_~.-]{31,34}|[0-9A-Za-z]{76}AZDO[0-9A-Za-z]{4}|[0-9A-Za-z]{52}JQQJ99[0-9A-Za-z]{26}"
    r"|[0-9A-Za-z+/]{76}\+(?:ASt|AMC|ABa|ARm)[0-9A-Za-z+/]{5,6}={0,2}|[0-9A-Za-z+/_-]{44}AzFu[0-9A-Za-z_=-]{8}|[0-9A-Za-z]{42}AzSe[0-9A-Za-z]{6}",
    "OpenAI": r"sk-[0-9A-Za-z_-]{20,}T3BlbkFJ[0-9A-Za-z_-]{20,}|sk-(?:proj|svcacct|admin|None|or-v1)-[0-9A-Za-z_-]{20,}|sk-[0-9A-Za-z]{48}",
    "Anthropic": r"sk-ant-[a-z]{3,8}\d{2}-[0-9A-Za-z_-]{20,}",
    "npm": r"npm_[0-9A-Za-z]{36}",
    "PyPI": r"pypi-AgE[0-9A-Za-z_-]{50,}",
    "SendGrid": r"SG\.[0-9A-Za-z_-]{20,24}\.[0-9A-Za-z_-]{39,}",
    "Twilio": r"SK[0-9a-f]{32}",
    "Datadog": r"dd(?:app|pat|api|p)_[0-9A-Za-z]{20,}",
    "New Relic": r"NRAK-[0-9A-Z]{27}|NRJS-[0-9a-f]{19}|NR(?:II|IQ|RA|SP|AA|BR)-[0-9A-Za-z_-]{27,40}|[0-9a-z]{32,36}NRAL",
    "DigitalOcean": r"do[oprt]_v1_[0-9a-f]{64}",
    "Shopify": r"shp(?:at|ca|pa|ss|ua|tka)_[0-9A-Fa-f]{32}",
    "Square": r"sq0[a-z]{3}-[0-9A-Za-z_-]{22,43}|EAAA[lE]?[0-9A-Za-z_+=-]{55,}",
    "Mailgun": r"key-[0-9a-f]{32}|[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}",
    "Mailchimp": r"[0-9a-f]{32}-us\d{1,2}",
    "Telegram": r"(?:bot)?\d{8,10}:A[0-9A-Za-z_-]{34,35}",
    "Discord": r"[MNO][0-9A-Za-z_-]{22,27}\.[0-9A-Za-z_-]{6}\.[0-9A-Za-z_-]{27,40}|mfa\.[0-9A-Za-z_-]{80,}|(?:https?://)?discord(?:app)?\.com/api/webhooks/\d{17,20}/[0-9A-Za-z_-]{60,}",
    "Cloudflare": r"v1\.0-[0-9a-f]{24}-[0-9a-f]{146}|cf(?:k|ut|at)_[0-9A-Za-z]{40,}",
    "Hugging Face": r"hf_[0-9A-Za-z]{30,40}|api_org_[0-9A-Za-z]{34}",
    "JSON Web Token": r"eyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]{4,}\.[0-9A-Za-z_-]*(?:\.[0-9A-Za-z_-]+){0,2}",
    "private key": r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:(?s:.)*?-----END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----|[0-9A-Za-z+/=\\:,\s]*)",
    "age": r"AGE-SECRET-KEY-1[0-9A-Z]{58}",
    "HashiCorp Vault": r"hv[bsr]\.[0-9A-Za-z_-]{20,}",
    "Terraform": r"[0-9A-Za-z]{14}\.atlasv1\.[0-9A-Za-z_=-]{60,}",
    "Atlassian": r"AT(?:ATT3|CTT3|BB)[0-9A-Za-z_=-]{28,}",
    "Linear": r"lin_(?:api|oauth)_[0-9A-Za-z]{32,}",
    "Grafana": r"glsa_[0-9A-Za-z]{32}_[0-9A-Fa-f]{8}|glc_[0-9A-Za-z+/]{32,}={0,2}|eyJrIjoi[0-9A-Za-z]{70,}={0,3}",
    "Docker": r"dckr_(?:pat|oat)_[0-9A-Za-z_-]{27,40}",
    "Databricks": r"dapi[0-9a-f]{32}(?:-\d)?|dose[0-9a-f]{32}|dkea[0-9a-f]{32}",
    "Sentry": r"sntryu_[0-9a-f]{64}|sntrys_eyJ[0-9A-Za-z+/=_]{50,}",
    "Postman": r"PMAK-[0-9a-f]{24}-[0-9a-f]{34}",
    "Doppler": r"dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[0-9a-z_-]{2,35}\.)?[0-9A-Za-z]{40,44}",
    "Pulumi": r"pul-[0-9a-f]{40}",
    "RubyGems": r"rubygems_[0-9a-f]{48}",
    "Airtable": r"pat[0-9A-Za-z]{14}\.[0-9a-f]{64}",
    "Notion": r"ntn_[0-9A-Za-z]{40,}|secret_[0-9A-Za-z]{43}",
    "Figma": r"fig[duo]r?_[0-9A-Za-z_-]{40,}",
    "Groq, xAI, Perplexity, Replicate, Fireworks": r"gsk_[0-9A-Za-z]{48,}|xai-[0-9A-Za-z]{70,}|pplx-[0-9A-Za-z]{40,}|r8_[0-9A-Za-z]{37}|fw_[0-9A-Za-z]{22,24}",
    "Supabase": r"sb[pv]_[0-9a-f]{40}|sb_secret_[0-9A-Za-z_-]{20,}",
    "PlanetScale": r"pscale_(?:tkn|pw|oauth)_[0-9A-Za-z_.=-]{32,}",
    "Tailscale": r"tskey-[a-z]{2,12}-[0-9A-Za-z]{8,40}-[0-9A-Za-z]{16,}",
    "Alibaba": r"LTAI[0-9A-Za-z]{12,20}",
    "Microsoft Teams": r"(?:https?://)?[a-z0-9-]+\.webhook\.office\.com/webhookb2/[0-9A-Za-z@/-]{60,}",
    "Heroku": r"HRKU-[0-9A-Za-z_-]{36,}",
    "Fly": r"fo1_[0-9A-Za-z_-]{43}|fm[12][ar]?_[0-9A-Za-z+/]{100,}={0,3}",
    "Facebook": r"EAA[CMG][0-9A-Za-z]{90,}",
    "Twitter": r"A{20,}[0-9A-Za-z%]{60,}",
    "Razorpay": r"rzp_live_[0-9A-Za-z]{14,24}",
    "Braintree": r"access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}",
    "Plaid": r"access-(?:sandbox|development|production)-[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}",
    "1Password": r"ops_eyJ[0-9A-Za-z+/]{200,}={0,3}",
    "crates.io, Clojars": r"cio[0-9A-Za-z]{32}|CLOJARS_[0-9a-z]{60}",
    "Dropbox": r"sl\.(?:u\.)?[0-9A-Za-z_-]{100,}",
    "EasyPost": r"EZ[AT]K[0-9a-z]{54}",
    "Dynatrace": r"dt0[a-z]\d{2}\.[0-9A-Z]{24}\.[0-9A-Z]{64}",
    "Brevo": r"xkeysib-[0-9a-f]{64}-[0-9A-Za-z]{16}",
    "Yandex": r"AQVN[0-9A-Za-z_-]{35,38}|t1\.[0-9A-Za-z_-]{16,}={0,2}\.[0-9A-Za-z_-]{86}={0,2}",
    "Artifactory": r"AKCp[0-9A-Za-z]{69}|cmVmdGtu[0-9A-Za-z]{56}",
    "SonarQube": r"sq[pua]_[0-9a-f]{40}",
    "Buildkite, CircleCI": r"bk(?:ua|at|ct)_[0-9a-f]{40}|CCIPAT_[0-9A-Za-z]{22}_[0-9a-f]{40}",
    "LaunchDarkly, Netlify, Vercel": r"(?:api|sdk)-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}|nf[pcubor]_[0-9A-Za-z]{36}|vc[pira]_[0-9A-Za-z]{24,}",
    "Contentful, Intercom, Klaviyo, HubSpot": r"CFPAT-[0-9A-Za-z_-]{43}|dG9rO[0-9A-Za-z+/_-]{30,}={0,2}|pk_[0-9a-f]{34}|pat-(?:na|eu|ap)\d-[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}",
}  # fmt: skip
"""Whose token → its documented form, in the syntax of RE2."""

_NOT_ALONE = ("-", "_")


def _confirm(text: str, match: Any) -> Span | None:
    begin, end = match.span()
    found = match.group()
    if found.startswith("eyJ") and "." in found and not _is_header(found.partition(".")[0]):
        return None
    if text[end : end + 1].isalnum() and not found.startswith("-----"):
        return None
    if text[begin - 1 : begin] in _NOT_ALONE and not found.startswith("-----") and begin:
        return None
    return begin, end


def _is_header(part: str) -> bool:
    """A JSON Web Token begins with a JSON object in base64url."""
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).lstrip().startswith(b'{"')
    except (binascii.Error, ValueError):
        return False


_FRONTS = (
    r"lb[ipra]_", r"gh[pousr]_", "github_pat_", r"gl(?:pat|dt|rt|rtr|ptt|ft|soat|imt|agent|cbt|ffct|oas|wt)-", "GR1348941", r"A(?:KI|SI|BI|CC)A[A-Z2-7]{8}", "ABSK",
    "bedrock-api-key-", r"xox[abeoprs][.-]", r"xapp-\d", r"[sr]k_(?:live|test|prod)_", "whsec_", "AIza", r"ya29\.", "GOCSPX-", "1//0", r"sk-[0-9A-Za-z_-]{16}",
    "npm_", "pypi-AgE", r"SG\.[0-9A-Za-z_-]{8}", r"SK[0-9a-f]{8}", r"dd(?:app|pat|api|p)_", r"NR(?:AK|JS|II|IQ|RA|SP|AA|BR)-", r"do[oprt]_v1_",
    r"shp(?:at|ca|pa|ss|ua|tka)_", "sq0[a-z]{3}-", r"EAAA[0-9A-Za-z_+=-]{8}", r"key-[0-9a-f]{8}", r"[MNO][0-9A-Za-z_-]{21}", r"mfa\.", r"v1\.0-[0-9a-f]{8}",
    r"cf(?:k|ut|at)_", "hf_", "api_org_", "eyJ[0-9A-Za-z_-]", "AGE-SECRET", r"hv[bsr]\.", r"AT(?:ATT3|CTT3|BB)[0-9A-Za-z_=-]{8}", r"lin_(?:api|oauth)_", r"gl(?:sa|c)_",
    "dckr_", r"d(?:api|ose|kea)[0-9a-f]{8}", "sntry[su]_", "PMAK-", r"dp\.(?:pt|st|ct|sa|scim|audit)\.", "pul-[0-9a-f]{8}", "rubygems_", r"pat[0-9A-Za-z]{14}\.",
    "ntn_", "secret_[0-9A-Za-z]{8}", "fig[duo]r?_", "gsk_", "xai-", "pplx-", "r8_", "fw_", "sb[pv]_", "sb_secret_", "pscale_", "tskey-", "LTAI[0-9A-Za-z]{8}",
    "HRKU-", "fo1_", "fm[12][ar]?_", "EAA[CMG][0-9A-Za-z]{8}", "A{20}", "rzp_live_", r"access_token\$", "access-(?:sandbox|development|production)-", "ops_eyJ",
    "cio[0-9A-Za-z]{16}", "CLOJARS_", r"sl\.[0-9A-Za-z_.-]{16}", "EZ[AT]K[0-9a-z]{8}", r"dt0[a-z]\d{2}\.", "xkeysib-", "AQVN", r"t1\.[0-9A-Za-z_-]{8}", "AKCp",
    "cmVmdGtu", r"sq[pua]_[0-9a-f]{8}", "bk(?:ua|at|ct)_", "CCIPAT_", "(?:api|sdk)-[0-9a-f]{8}-", "nf[pcubor]_", "vc[pira]_", "CFPAT-", "dG9rO", "pk_[0-9a-f]{8}",
    r"pat-(?:na|eu|ap)\d-",
)  # fmt: skip
_INNER = (
    r"\dQ~", "AZDO", "JQQJ99", r"\+A(?:St|MC|Ba|Rm)", "Az(?:Fu|Se)", "NRAL", r"[0-9a-f]-us\d", r"-[0-9a-f]{8}-[0-9a-f]{8}", r"\d:A[0-9A-Za-z_-]{8}", r"\.atlasv1\.",
    r"\.com/api/webhooks/", r"hooks\.slack\.com/", r"/webhookb2/", "PRIVATE KEY",
)  # fmt: skip
"""Something that each form holds, and other texts seldom: cheap to look for."""
_HINTS = rf"\b(?:{'|'.join(_FRONTS)})|{'|'.join(_INNER)}"
_PRIVATE_KEY = FORMS["private key"]
_FORMS = r"\b(?:" + "|".join(form for name, form in FORMS.items() if name != "private key") + rf")|{_PRIVATE_KEY}"
TOKEN = Detector("token", _HINTS, by_iteration(Both(_FORMS), _confirm))
