using System.Text;
using PolaFormer.Files;

namespace PolaFormer.Training.Reporting;

/// <summary>A run as one page that needs nothing else: curves, epochs and configuration.</summary>
internal static class HtmlReport
{
    /// <summary>Writes the page in place of an older one.</summary>
    public static void Write(string path, RunLog log)
    {
        // The data come last: what stands in them is never taken for a placeholder.
        string page = Asset("report.html")
            .Replace("/*chart.css*/", Asset("uPlot.min.css"), StringComparison.Ordinal)
            .Replace("/*report.css*/", Asset("report.css"), StringComparison.Ordinal)
            .Replace("/*chart.js*/", Asset("uPlot.iife.min.js"), StringComparison.Ordinal)
            .Replace("/*report.js*/", Asset("report.js"), StringComparison.Ordinal)
            .Replace("/*data*/", ReportData.From(log).ToJson(), StringComparison.Ordinal);
        OutputFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(page)));
    }

    private static string Asset(string name)
    {
        using Stream stream = typeof(HtmlReport).Assembly.GetManifestResourceStream($"Assets/{name}")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
