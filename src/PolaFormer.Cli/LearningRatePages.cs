using System.Globalization;
using System.Text;
using PolaFormer.Files;
using PolaFormer.Training;

namespace PolaFormer.Cli;

/// <summary>A search for a learning rate as text and as files.</summary>
internal static class LearningRatePages
{
    private const int BarWidth = 40, Lines = 25;
    private const int Width = 640, Height = 320, Margin = 40;

    /// <summary>Prints the curve and the rate, and writes <c>learning-rates.csv</c> and <c>learning-rates.svg</c>.</summary>
    /// <param name="search">What was found.</param>
    /// <param name="folder">Where the files go.</param>
    /// <param name="scale">What a rate of a recipe is multiplied by for a step of this run's images.</param>
    /// <param name="asJson">Whether to print JSON.</param>
    public static void Write(LearningRateSearch search, string folder, double scale, bool asJson)
    {
        Directory.CreateDirectory(folder);
        OutputFile.Write(Path.Combine(folder, "learning-rates.csv"), string.Concat(search.Points.Select(point => FormattableString.Invariant($"{point.Rate:R},{point.Loss:R}\n")).Prepend("rate,loss\n")));
        OutputFile.Write(Path.Combine(folder, "learning-rates.svg"), Curve(search));
        double rate = search.Proposed / scale;
        if (asJson)
        {
            Json.Print(new { proposed = rate, of_a_step = search.Proposed, points = search.Points.Select(point => new { rate = point.Rate, loss = point.Loss }) });
            return;
        }

        double least = search.Points.Min(point => point.Loss), most = search.Points.Max(point => point.Loss), range = Math.Max(most - least, 1e-9);
        int every = Math.Max((search.Points.Count + Lines - 1) / Lines, 1);
        foreach ((double at, double loss) in search.Points.Where((_, i) => i % every == 0))
            Console.WriteLine(FormattableString.Invariant($"  {at:0.0e-0}  {loss,8:F4}  {new string('█', (int)Math.Round((loss - least) / range * BarWidth))}"));
        Console.WriteLine(FormattableString.Invariant($"The loss falls most steeply at {search.Proposed:0.0e-0}: train with --lr {rate:0.0e-0} (recipes give rates for 512 images a step)."));
        Console.WriteLine($"Curve: {Path.Combine(folder, "learning-rates.svg")}");
    }

    private static string Curve(LearningRateSearch search)
    {
        double first = Math.Log10(search.Points[0].Rate), last = Math.Log10(search.Points[^1].Rate);
        double least = search.Points.Min(point => point.Loss), most = search.Points.Max(point => point.Loss);
        double X(double rate) => Margin + ((Math.Log10(rate) - first) / Math.Max(last - first, 1e-9) * (Width - (2 * Margin)));
        double Y(double loss) => Height - Margin - ((loss - least) / Math.Max(most - least, 1e-9) * (Height - (2 * Margin)));
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {Width} {Height}" font-family="sans-serif" font-size="12">""");
        text.Append(CultureInfo.InvariantCulture, $"""<rect width="{Width}" height="{Height}" fill="white"/><polyline fill="none" stroke="#1f6fb4" stroke-width="2" points="{string.Join(' ', search.Points.Select(point => FormattableString.Invariant($"{X(point.Rate):F1},{Y(point.Loss):F1}")))}"/>""");
        text.Append(CultureInfo.InvariantCulture, $"""<line x1="{X(search.Proposed):F1}" x2="{X(search.Proposed):F1}" y1="{Margin}" y2="{Height - Margin}" stroke="#c03030" stroke-dasharray="4 3"/>""");
        text.Append(CultureInfo.InvariantCulture, $"""<text x="{Margin}" y="{Height - 12}">{search.Points[0].Rate:0.0e-0}</text><text x="{Width - Margin}" y="{Height - 12}" text-anchor="end">{search.Points[^1].Rate:0.0e-0}</text><text x="{X(search.Proposed):F1}" y="{Margin - 8}" text-anchor="middle">{search.Proposed:0.0e-0}</text><text x="{Margin}" y="20">loss over learning rate</text></svg>""");
        return text.ToString();
    }
}
