using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using PolaFormer.Analysis.Report;
using PolaFormer.Files;
using PolaFormer.Training;
using PolaFormer.Vision.Datasets;

namespace PolaFormer.Cli;

/// <summary>A classifier's answers to labelled images, one a line.</summary>
internal static class AnswerFiles
{
    private static readonly JsonSerializerOptions s_json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes CSV: image, its class, the answer, their probabilities.</summary>
    public static void WriteCsv(string path, ClassifierAnswers answers, IImageDataset images)
    {
        var text = new StringBuilder("image,class,answer,probability,probability_of_class,right\n");
        foreach (ClassifierAnswer answer in answers.All)
            text.Append(FormattableString.Invariant($"{CsvText.Quoted(images.NameOf(answer.Index))},{CsvText.Quoted(answers.Classes[answer.Label])},{CsvText.Quoted(answers.Classes[answer.Class])},{answer.Probability:R},{answer.LabelProbability:R},{(answer.IsRight ? 1 : 0)}\n"));
        OutputFile.Write(path, text.ToString());
    }

    /// <summary>Writes NDJSON: an object for each image, with its most probable classes.</summary>
    public static void WriteLines(string path, ClassifierAnswers answers, IImageDataset images)
    {
        var text = new StringBuilder();
        foreach (ClassifierAnswer answer in answers.All)
        {
            text.Append(JsonSerializer.Serialize(new
            {
                image = images.NameOf(answer.Index),
                @class = answers.Classes[answer.Label],
                probability_of_class = answer.LabelProbability,
                right = answer.IsRight,
                top = answer.Top.Select(top => new { @class = answers.Classes[top.Class], probability = top.Probability }),
            }, s_json)).Append('\n');
        }

        OutputFile.Write(path, text.ToString());
    }
}
