using System.Globalization;
using System.Text;
using PolaFormer.Analysis.Report;
using PolaFormer.Detection;
using PolaFormer.Detection.Boxes;
using PolaFormer.Detection.Evaluation;
using PolaFormer.Files;
using PolaFormer.Vision;

namespace PolaFormer.Cli;

/// <summary><c>predict</c> with a detector: boxes, masks and scores of objects.</summary>
internal static class DetectPrediction
{
    /// <summary>Finds the objects of images.</summary>
    /// <param name="path">The checkpoint.</param>
    /// <param name="model">The published network; null to find it out.</param>
    /// <param name="labels">Names of the classes; null for those in the checkpoint.</param>
    /// <param name="files">The images.</param>
    /// <param name="threshold">Least score.</param>
    /// <param name="output">Folder of the pictures; null for none.</param>
    /// <param name="csv">File of the objects, a line each; null for none.</param>
    /// <param name="json">Whether to print COCO's results.</param>
    public static int Run(string path, string? model, string[]? labels, IReadOnlyList<string> files, float threshold, string? output, string? csv, bool json)
    {
        if (output is not null)
            Directory.CreateDirectory(output);
        if (csv is not null)
            OutputFile.Check(csv, [path, .. files]);
        ObjectDetector detector = ObjectDetector.Load(path, model, labels, threshold);
        var results = new List<CocoResult>();
        var lines = new StringBuilder("file,class,category_id,score,x,y,width,height,mask_pixels\n");
        int exitCode = 0;
        for (int number = 0; number < files.Count; number++)
        {
            string file = files[number], name = ImageFiles.NameOf(file);
            try
            {
                using Image photo = ImageSources.Decode(file, detector.Decoding);
                ImageDetections found = detector.Detect(photo);
                string? picture = output is null ? null : Write(photo, found, detector, file, output);
                AddLines(lines, name, found, detector);

                // COCO's files are named by the numbers of their images.
                long image = long.TryParse(Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out long id) ? id : number + 1;
                results.AddRange(CocoResults.Of(found, image, label => detector.Categories[label].Id, hasMasks: true));
                if (!json)
                    Print(name, found, detector, picture);
            }
            catch (Exception error) when (error is not StandardOutputException)
            {
                // The results of the other images are wanted all the same.
                exitCode = Math.Max(exitCode, UserErrors.Report(error));
            }
        }

        if (csv is not null)
            OutputFile.Write(csv, stream => stream.Write(Encoding.UTF8.GetBytes(lines.ToString())));
        if (json)
            Json.Print(results);
        return exitCode;
    }

    private static string Write(Image photo, ImageDetections found, ObjectDetector detector, string file, string folder)
    {
        string target = Path.Combine(folder, $"{Path.GetFileNameWithoutExtension(file)}.objects.png");
        OutputFile.Check(target, file);
        using Image picture = DetectionPicture.Draw(photo, found, detector.Categories);
        OutputFile.Write(target, stream => stream.Write(ImageEncoder.Png(picture)));
        return target;
    }

    private static void AddLines(StringBuilder lines, string name, ImageDetections found, ObjectDetector detector)
    {
        for (int i = 0; i < found.Count; i++)
        {
            Box box = found.Boxes[i];
            lines.Append(CultureInfo.InvariantCulture, $"{CsvText.Quoted(name)},{CsvText.Quoted(detector.Categories[found.Labels[i]].Name)},{detector.Categories[found.Labels[i]].Id},{found.Scores[i]:0.####},{box.X1:0.##},{box.Y1:0.##},{box.Width:0.##},{box.Height:0.##},{found.Masks?[i].Area}\n");
        }
    }

    private static void Print(string name, ImageDetections found, ObjectDetector detector, string? picture)
    {
        Terminal.WriteLine((PlainText.Of(name), "bold"));
        for (int i = 0; i < found.Count; i++)
        {
            Box box = found.Boxes[i];
            string place = string.Create(CultureInfo.InvariantCulture, $"{box.X1,7:0.0} {box.Y1,7:0.0} {box.Width,7:0.0} × {box.Height:0.0}");
            Terminal.WriteLine(($"  {found.Scores[i],7:P1}  ", null), ($"{PlainText.Of(detector.Categories[found.Labels[i]].Name),-20}", "blue"), ($"  {place}", null));
        }

        if (found.Count == 0)
            Terminal.WriteLine(("  nothing", null));
        if (picture is not null)
            Terminal.WriteLine(($"  {PlainText.Of(picture)}", null));
    }
}
