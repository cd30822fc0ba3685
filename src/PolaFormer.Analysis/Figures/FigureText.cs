using PolaFormer.Analysis.Report;
using SkiaSharp;

namespace PolaFormer.Analysis.Figures;

/// <summary>Lines of text in a figure, broken to a width.</summary>
internal sealed class FigureText
{
    private const float LineHeight = 1.3f;
    private readonly List<string> _lines = [];
    private readonly float _size;

    /// <summary>Breaks a text between words; a word that is wider than the line is broken within.</summary>
    /// <param name="text">The text; line ends in it are kept.</param>
    /// <param name="size">Size of the font.</param>
    /// <param name="width">Width of a line.</param>
    public FigureText(string text, float size, float width)
    {
        _size = size;
        using SKFont font = FigureFont.OfSize(size);
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            Break(PlainText.Of(line), font, width);
    }

    /// <summary>Height of all lines.</summary>
    public float Height => _lines.Count * _size * LineHeight;

    /// <summary>Draws the lines below a place.</summary>
    public void Draw(SKCanvas canvas, float x, float y, SKColor color)
    {
        using SKFont font = FigureFont.OfSize(_size);
        using var paint = new SKPaint { Color = color, IsAntialias = true };
        for (int i = 0; i < _lines.Count; i++)
            canvas.DrawText(_lines[i], x, y + (_size * (1 + (i * LineHeight))), SKTextAlign.Left, font, paint);
    }

    /// <summary>Draws one line, its baseline at a height.</summary>
    public static void DrawLine(SKCanvas canvas, string text, float x, float baseline, float size, SKColor color, SKTextAlign align = SKTextAlign.Left)
    {
        using SKFont font = FigureFont.OfSize(size);
        using var paint = new SKPaint { Color = color, IsAntialias = true };
        canvas.DrawText(PlainText.Of(text), x, baseline, align, font, paint);
    }

    /// <summary>Width of one line.</summary>
    public static float WidthOf(string text, float size)
    {
        using SKFont font = FigureFont.OfSize(size);
        return font.MeasureText(PlainText.Of(text));
    }

    private void Break(string text, SKFont font, float width)
    {
        string line = "";
        foreach (string word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string longer = line.Length == 0 ? word : $"{line} {word}";
            if (font.MeasureText(longer) <= width)
            {
                line = longer;
                continue;
            }

            if (line.Length > 0)
                _lines.Add(line);
            line = word;
            while (font.MeasureText(line) > width && line.Length > 1)
            {
                int count = Math.Max(1, line.Length - 1);
                while (count > 1 && font.MeasureText(line[..count]) > width)
                    count--;
                _lines.Add(line[..count]);
                line = line[count..];
            }
        }

        if (line.Length > 0)
            _lines.Add(line);
    }
}
