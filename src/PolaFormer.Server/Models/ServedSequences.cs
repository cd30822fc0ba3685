using PolaFormer.LongRange;
using PolaFormer.Vision;

namespace PolaFormer.Server.Models;

/// <summary>A network of a task of Long Range Arena; sequences of other lengths pass it one by one.</summary>
internal sealed class ServedSequences(SequencePredictor predictor) : ServedModel
{
    /// <inheritdoc/>
    public override ModelTask Task => predictor.TakesImages ? ModelTask.Classification : ModelTask.Text;

    /// <inheritdoc/>
    public override string Architecture => $"{SequenceDescription.Architecture} ({predictor.Task.Name})";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Labels => predictor.Task.Classes;

    /// <inheritdoc/>
    public override IReadOnlyList<TensorInfo> Inputs => predictor.TakesImages ? [new(ImageInput, "BYTES", -1)]
        : predictor.Task.IsDual ? [new(TextInput, "BYTES", -1), new(SecondTextInput, "BYTES", -1)]
        : [new(TextInput, "BYTES", -1)];

    /// <inheritdoc/>
    public override IReadOnlyList<TensorInfo> Outputs => [new("probabilities", "FP32", -1, Labels.Count)];

    /// <inheritdoc/>
    public override ModelInput FromImage(ReadOnlySpan<byte> file, long pixelLimit, bool wantsEmbedding)
    {
        if (!predictor.TakesImages || wantsEmbedding)
            return base.FromImage(file, pixelLimit, wantsEmbedding);
        Image image = ImageDecoder.Decode(file, ImageDecodeOptions.Default with { PixelLimit = pixelLimit });
        int side = predictor.ImageSide;
        if ((image.Width, image.Height) == (side, side))
            return new Photograph(image);
        image.Dispose();
        throw ServingException.Unprocessable($"The image has {image.Width}×{image.Height} pixels; the model takes {side}×{side}.");
    }

    /// <inheritdoc/>
    public override ModelInput FromText(byte[] first, byte[]? second)
    {
        if (predictor.TakesImages)
            return base.FromText(first, second);
        if (predictor.Task.IsDual != second is not null)
            throw ServingException.Unprocessable(predictor.Task.IsDual ? "The model compares two texts: send 'text' and 'second'." : "The model takes one text at a time: leave 'second' out.");
        return first.Length > 0 && second is not { Length: 0 } ? new TextBytes(first, second) : throw ServingException.Unprocessable("The text is empty.");
    }

    /// <inheritdoc/>
    public override ModelInput Example() => predictor.TakesImages ? new Photograph(GrayImage(predictor.ImageSide))
        : new TextBytes("[MAX 3 8 ]"u8.ToArray(), predictor.Task.IsDual ? "[MAX 3 8 ]"u8.ToArray() : null);

    /// <inheritdoc/>
    public override ModelResult[] Run(IReadOnlyList<ModelInput> inputs) => [.. inputs.Select(Run)];

    private ClassScores Run(ModelInput input)
    {
        IReadOnlyList<SequencePrediction> answers = input is TextBytes text ? predictor.Predict(text.First, text.Second) : predictor.Predict(((Photograph)input).Image);
        float[] probabilities = new float[answers.Count];
        foreach (SequencePrediction answer in answers)
            probabilities[answer.Index] = answer.Probability;
        return new ClassScores(probabilities);
    }
}
