using System.Globalization;
using System.Numerics;
using System.Text;

namespace PolaFormer.Checkpoints.Pickle;

/// <content>The text opcodes of protocol 0.</content>
internal ref partial struct Unpickler
{
    private object TextValue(char opcode)
    {
        string line = _reader.Line();
        switch (opcode)
        {
            case 'I' when line is "00" or "01":
                return line == "01";
            case 'I' or 'L':
                string digits = line.EndsWith('L') ? line[..^1] : line;
                if (digits.Length <= MaxLongBytes && BigInteger.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out BigInteger integer))
                    return Narrow(integer);
                break;
            case 'F':
                if (double.TryParse(line, NumberStyles.Float, CultureInfo.InvariantCulture, out double number))
                    return number;
                break;
            case 'S':
                if (line.Length >= 2 && line[0] is '\'' or '"' && line[^1] == line[0])
                    return Unescape(line[1..^1], codePoints: false);
                break;
            case 'V':
                return Unescape(line, codePoints: true);
        }

        throw Fault($"'{(line.Length > 40 ? line[..40] + "…" : line)}' is no value of opcode {opcode}; the file is damaged");
    }

    private uint TextIndex() =>
        uint.TryParse(_reader.Line(), NumberStyles.None, CultureInfo.InvariantCulture, out uint index) ? index : throw Fault("a memo number is no number; the file is damaged");

    /// <summary>Resolves the escapes of Python's repr (<paramref name="codePoints"/> false) or of its raw-unicode-escape codec.</summary>
    private readonly string Unescape(string text, bool codePoints)
    {
        StringBuilder result = new(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            char kind = text[i] == '\\' && i + 1 < text.Length ? text[i + 1] : '\0';
            int digits = (kind, codePoints) switch { ('x', false) => 2, ('u', true) => 4, ('U', true) => 8, _ => 0 };
            if (digits > 0)
            {
                if (i + 2 + digits > text.Length
                    || !uint.TryParse(text.AsSpan(i + 2, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint value)
                    || !Rune.IsValid(value))
                    throw Fault("a string has an escape that is no character; the file is damaged");
                result.Append(new Rune(value).ToString());
                i += 1 + digits;
            }
            else if (!codePoints && kind is '\\' or '\'' or '"' or 'n' or 'r' or 't')
            {
                result.Append(kind switch { 'n' => '\n', 'r' => '\r', 't' => '\t', _ => kind });
                i++;
            }
            else
            {
                result.Append(text[i]);
            }
        }

        return result.ToString();
    }
}
