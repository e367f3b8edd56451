#pragma once

#include <cmath>
#include <cstdio>
#include <string>

namespace lethe::bench {

/** A JSON object or array under construction; a value that is not finite becomes null. */
class Json {
 public:
  static Json object() { return Json('{', '}'); }
  static Json array() { return Json('[', ']'); }

  Json& number(const std::string& key, double value) { return member(key, numeral(value)); }
  Json& boolean(const std::string& key, bool value) {
    return member(key, value ? "true" : "false");
  }
  Json& string(const std::string& key, const std::string& value) {
    return member(key, quoted(value));
  }
  Json& null(const std::string& key) { return member(key, "null"); }
  Json& value(const std::string& key, const Json& value) { return member(key, value.text()); }

  /** One more element of an array. */
  Json& element(const Json& value) { return append(value.text()); }

  std::string text() const { return open_ + members_ + close_; }

 private:
  Json(char open, char close) : open_(1, open), close_(1, close) {}

  Json& member(const std::string& key, const std::string& text) {
    return append(quoted(key) + ": " + text);
  }
  Json& append(const std::string& text) {
    if (!members_.empty()) members_ += ", ";
    members_ += text;
    return *this;
  }

  static std::string numeral(double value) {
    if (!std::isfinite(value)) return "null";
    char text[32];
    std::snprintf(text, sizeof text, "%.9g", value);
    return text;
  }

  static std::string quoted(const std::string& value) {
    std::string text = "\"";
    for (const char c : value) {
      if (static_cast<unsigned char>(c) < 0x20) {
        text += ' ';
        continue;
      }
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    return text + '"';
  }

  std::string open_, close_, members_;
};

}  // namespace lethe::bench
