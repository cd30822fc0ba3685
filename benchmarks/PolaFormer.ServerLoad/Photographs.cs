using System.Text.Json;
using PolaFormer.Pipelines;
using PolaFormer.Vision;

/// <summary>Image files with the answers that the library gives to them.</summary>
internal sealed class Photographs
{
    private Photographs(byte[][] files, (int Index, float Probability)[] answers) => (Files, Answers) = (files, answers);

    /// <summary>The files.</summary>
    public IReadOnlyList<byte[]> Files { get; }

    /// <summary>The most probable class of each.</summary>
    public IReadOnlyList<(int Index, float Probability)> Answers { get; }

    /// <summary>Reads the images of a folder.</summary>
    public static Photographs Read(string folder, ImageClassifier classifier)
    {
        byte[][] files = [.. ImageFiles.In(folder, recursive: false).Select(File.ReadAllBytes)];
        return new Photographs(files, [.. files.Select(file =>
        {
            using Image image = ImageDecoder.Decode(file, classifier.Decoding);
            Prediction best = classifier.Predict(image, top: 1)[0];
            return (best.Index, best.Probability);
        })]);
    }

    /// <summary>Whether an answer of the server is the library's.</summary>
    public bool IsRight(int number, ReadOnlyMemory<byte> json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement best = document.RootElement.GetProperty("results")[0].GetProperty("predictions")[0];
        return best.GetProperty("index").GetInt32() == Answers[number].Index && best.GetProperty("probability").GetSingle() == Answers[number].Probability;
    }
}
