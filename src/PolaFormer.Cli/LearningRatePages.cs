using PolaFormer.Analysis.Figures;
using PolaFormer.Files;
using PolaFormer.Training;

namespace PolaFormer.Cli;

/// <summary>A search for a learning rate as text and as files.</summary>
internal static class LearningRatePages
{
    private const int BarWidth = 40, Lines = 25;

    /// <summary>Prints the curve and the rate, and writes <c>learning-rates.csv</c> and <c>learning-rates.svg</c>.</summary>
    /// <param name="search">What was found.</param>
    /// <param name="folder">Where the files go.</param>
    /// <param name="scale">What a rate of a recipe is multiplied by for a step of this run's images.</param>
    /// <param name="asJson">Whether to print JSON.</param>
    public static void Write(LearningRateSearch search, string folder, double scale, bool asJson)
    {
        Directory.CreateDirectory(folder);
        OutputFile.Write(Path.Combine(folder, "learning-rates.csv"), string.Concat(search.Points.Select(point => FormattableString.Invariant($"{point.Rate:R},{point.Loss:R}\n")).Prepend("rate,loss\n")));
        Curve(search).Write(Path.Combine(folder, "learning-rates.svg"));
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

    private static Figure Curve(LearningRateSearch search)
    {
        (double, double)[] mark = [(search.Proposed, search.Points.Min(point => point.Loss)), (search.Proposed, search.Points.Max(point => point.Loss))];
        return new Figure("Loss over the learning rate", [new ChartPanel("Loss of training steps with rising rates", "learning rate of a step", "loss",
        [
            new ChartLine("loss", [.. search.Points.Select(point => (point.Rate, point.Loss))], LineStyle.Of(0)),
            new ChartLine(FormattableString.Invariant($"steepest fall, {search.Proposed:0.0e-0}"), mark, LineStyle.Of(1).Variant(1)),
        ]) { IsXLogarithmic = true }]);
    }
}
