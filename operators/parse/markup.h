// Text from HTML as social networks write it: statuses of Mastodon, entities of Reddit.
//
// Not a browser: the HTML comes from servers that allow a few elements only. Free functions without state, so
// thread-safe; nothing is allocated.
#pragma once

#include <cstddef>
#include <string_view>

namespace tocsin {

// Writes what a reader sees of `html` to `out`, which has room for html.size() bytes, and returns what was written.
// - br, and where block elements (p, div, li, blockquote, pre, headings, ...) begin and end: a new line, none at the
//   ends of the text and never two in a row; other tags and comments vanish without trace.
// - A span of class `invisible` vanishes with what is in it, but not inside a link: there it only shortens the address
//   for the eye. So do elements of class `quote-inline`, which repeat the address of a quoted post.
// - Entities become characters, line breaks and tabs of the source blanks.
std::string_view HtmlToText(std::string_view html, char* out);

// Replaces entities: `&name;` of HTML's characters for Latin-1 and common punctuation, `&#1;` and `&#x1;` of any.
// Others stay. Returns `text` itself if it has no '&', else what was written to `out`, which has room for text.size().
std::string_view DecodeEntities(std::string_view text, char* out);

// The next address behind `*at` that `html` links to, but for links to mentioned accounts and hashtags (of class
// `mention` or `hashtag`); empty when there is none. As it is written: entities are not decoded.
std::string_view NextLink(std::string_view html, size_t* at);

}  // namespace tocsin
