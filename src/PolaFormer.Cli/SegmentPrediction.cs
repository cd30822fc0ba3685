using System.Globalization;
using System.Text;
using PolaFormer.Analysis.Report;
using PolaFormer.Files;
using PolaFormer.Segmentation;
using PolaFormer.Segmentation.Data;
using PolaFormer.Segmentation.Inference;
using PolaFormer.Vision;

namespace PolaFormer.Cli;

/// <summary><c>predict</c> with a segmentation network: the areas of the classes, maps and overlays.</summary>
internal static class SegmentPrediction
{
    /// <summary>Segments images.</summary>
    /// <param name="path">The checkpoint.</param>
    /// <param name="model">The published network; null to find it out.</param>
    /// <param name="labels">Names of the classes; null for those in the checkpoint.</param>
    /// <param name="files">The images.</param>
    /// <param name="output">Folder of the maps and overlays; null for none.</param>
    /// <param name="csv">File of the areas; null for none.</param>
    /// <param name="shortSide">What the short side of an image is brought to in pixels; null for what the checkpoint says.</param>
    /// <param name="window">Side of windows in pixels; null for the whole image at once.</param>
    /// <param name="json">Whether to print JSON.</param>
    public static int Run(string path, string? model, string[]? labels, IReadOnlyList<string> files, string? output, string? csv, int? shortSide, int? window, bool json)
    {
        if (output is not null)
            Directory.CreateDirectory(output);
        if (csv is not null)
            OutputFile.Check(csv, [path, .. files]);
        ImageSegmenter segmenter = ImageSegmenter.Load(path, model, labels is null ? null : new ClassNames(labels), shortSide, window);
        var results = new List<object>();
        var lines = new StringBuilder("file,class,index,pixels,share\n");
        int exitCode = 0;
        foreach (string file in files)
        {
            string name = ImageFiles.NameOf(file);
            try
            {
                using Image photo = ImageSources.Decode(file, segmenter.Decoding);
                SegmentationResult result = segmenter.Segment(photo);
                (string? map, string? overlay) = output is null ? default : Write(result, photo, file, output);
                foreach (ClassArea area in result.Areas)
                    lines.Append(CultureInfo.InvariantCulture, $"{CsvText.Quoted(name)},{CsvText.Quoted(area.Label)},{area.Index},{area.Pixels},{area.Share:0.######}\n");
                if (json)
                    results.Add(new { file = name, width = photo.Width, height = photo.Height, map, overlay, classes = result.Areas.Select(area => new { label = area.Label, index = area.Index, pixels = area.Pixels, share = area.Share }) });
                else
                    Print(name, result, map, overlay);
            }
            catch (Exception error) when (error is not StandardOutputException)
            {
                // The results of the other images are wanted all the same.
                exitCode = Math.Max(exitCode, json ? UserErrors.ExitCode(error) : UserErrors.Report(error));
                if (json)
                    results.Add(new { file = name, error = UserErrors.Line(error) });
            }
        }

        if (csv is not null)
            OutputFile.Write(csv, stream => stream.Write(Encoding.UTF8.GetBytes(lines.ToString())));
        if (json)
            Json.Print(results);
        return exitCode;
    }

    private static (string Map, string Overlay) Write(SegmentationResult result, Image photo, string file, string folder)
    {
        string stem = Path.GetFileNameWithoutExtension(file), map = Path.Combine(folder, $"{stem}.classes.png"), overlay = Path.Combine(folder, $"{stem}.overlay.png");
        foreach (string target in (string[])[map, overlay])
            OutputFile.Check(target, file);
        OutputFile.Write(map, stream => stream.Write(result.ToIndexedImage().ToPng()));
        using Image drawn = result.Overlay(photo);
        OutputFile.Write(overlay, stream => stream.Write(ImageEncoder.Png(drawn)));
        return (map, overlay);
    }

    private static void Print(string name, SegmentationResult result, string? map, string? overlay)
    {
        const int barWidth = 24;
        Terminal.WriteLine((PlainText.Of(name), "bold"));
        foreach (ClassArea area in result.Areas)
        {
            string bar = new('█', (int)Math.Round(area.Share * barWidth));
            Terminal.WriteLine(($"  {area.Share,7:P1}  ", null), (bar.PadRight(barWidth), "blue"), ($"  {PlainText.Of(area.Label)}", null));
        }

        if (map is not null)
            Terminal.WriteLine(($"  {PlainText.Of(map)}, {PlainText.Of(overlay!)}", null));
    }
}
