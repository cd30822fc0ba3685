using System.Text.Json;
using PolaFormer.Analysis.Figures;
using PolaFormer.Files;
using PolaFormer.Vision;

namespace PolaFormer.Analysis.Report;

/// <summary>An analysis as one HTML page that needs nothing else.</summary>
/// <param name="Title">Heading of the page.</param>
/// <param name="Subtitle">What was looked at.</param>
/// <param name="Sections">Parts from top to bottom.</param>
public sealed record AnalysisReport(string Title, string Subtitle, IReadOnlyList<ReportSection> Sections)
{
    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, Converters = { new FiniteNumbers() } };

    /// <summary>Writes the page, whole or not at all.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(string path)
    {
        // The data come last: what stands in them is never taken for a placeholder.
        string page = Asset("analysis.html")
            .Replace("/*chart.css*/", Asset("uPlot.min.css"), StringComparison.Ordinal)
            .Replace("/*analysis.css*/", Asset("analysis.css"), StringComparison.Ordinal)
            .Replace("/*chart.js*/", Asset("uPlot.iife.min.js"), StringComparison.Ordinal)
            .Replace("/*analysis.js*/", Asset("analysis.js"), StringComparison.Ordinal)
            .Replace("/*data*/", Data(), StringComparison.Ordinal);
        OutputFile.Write(path, page);
    }

    // The serializer escapes angle brackets, so no text can end the script element.
    private string Data() => JsonSerializer.Serialize(
        new
        {
            Title = PlainText.Of(Title),
            Subtitle = PlainText.Of(Subtitle),
            Sections = Sections.Select(section => new
            {
                section.Title,
                section.Text,
                Pictures = section.Pictures.Select(picture => new { picture.Caption, picture.Image.Width, picture.Image.Height, Source = $"data:image/png;base64,{Convert.ToBase64String(ImageEncoder.Png(picture.Image))}" }),
                section.Table,
                Charts = section.Charts.Select(chart => chart with { Series = [.. chart.Series.Select((series, i) => series with { Style = series.Style ?? LineStyle.Of(i) })] }),
            }),
        },
        s_json);

    private static string Asset(string name)
    {
        using Stream stream = typeof(AnalysisReport).Assembly.GetManifestResourceStream($"Assets/{name}")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
