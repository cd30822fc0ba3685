using PolaFormer.Detection;
using PolaFormer.Segmentation.Data;
using PolaFormer.Server.Inference;
using PolaFormer.Server.Models;
using PolaFormer.Server.Repository;

namespace PolaFormer.Server.Protocol;

/// <summary>Inference from tensors to tensors, whatever they came in.</summary>
internal sealed class TensorInference(InferenceService service)
{
    /// <summary>Answers a request.</summary>
    /// <param name="model">The model, which the caller holds.</param>
    /// <param name="request">The tensors.</param>
    /// <param name="aborted">The client has gone away.</param>
    /// <exception cref="ServingException">It is refused, or an input cannot be answered.</exception>
    public async Task<IReadOnlyList<InferTensor>> RunAsync(LoadedModel model, InferRequest request, CancellationToken aborted)
    {
        foreach (RequestedOutput wanted in request.Outputs)
        {
            if (!model.Model.Outputs.Any(output => output.Name == wanted.Name))
                throw ServingException.BadRequest($"The model has no output '{InferTensor.Shown(wanted.Name)}'; it has {string.Join(", ", model.Model.Outputs.Select(output => output.Name))}.");
        }

        IReadOnlyList<InputData> inputs = InputsOf(model.Model, request);
        Outcome[] outcomes = await service.RunAsync(model, inputs, request.Timeout, aborted);
        foreach (Outcome outcome in outcomes)
        {
            if (outcome.Problem is { } problem)
                throw problem;
        }

        IEnumerable<InferTensor> outputs = OutputsOf([.. outcomes.Select(outcome => outcome.Answer!.Value.Result)]);
        return request.Outputs.Count == 0
            ? [.. outputs]
            : [.. request.Outputs.Select(wanted => outputs.First(output => output.Name == wanted.Name))];
    }

    private static IReadOnlyList<InputData> InputsOf(ServedModel model, InferRequest request)
    {
        InferTensor[] tensors = [.. request.Inputs];
        bool wantsEmbedding = request.Outputs.Any(output => output.Name == "embedding");
        switch (tensors)
        {
            case [{ Name: ServedModel.ImageInput }]:
                return [.. ElementsOf(tensors[0], model).Select(file => new ImageFile(file) { WantsEmbedding = wantsEmbedding })];
            case [{ Name: ServedModel.PixelsInput }] when model.Inputs.FirstOrDefault(input => input.Name == ServedModel.PixelsInput) is { } wanted:
                return PixelsOf(tensors[0], wanted, wantsEmbedding);
            case [{ Name: ServedModel.TextInput }]:
                return [.. ElementsOf(tensors[0], model).Select(text => new Text(text))];
            case [{ Name: ServedModel.TextInput }, { Name: ServedModel.SecondTextInput }]:
                byte[][] first = ElementsOf(tensors[0], model), second = ElementsOf(tensors[1], model);
                if (first.Length != second.Length)
                    throw ServingException.BadRequest($"There are {first.Length} elements of 'text' and {second.Length} of 'second'.");
                return [.. first.Zip(second, (one, other) => new Text(one, other))];
            default:
                throw ServingException.BadRequest($"The model takes {string.Join(model.TakesImages ? " or " : " and ", model.Inputs.Select(input => $"'{input.Name}'"))}, not {(tensors.Length == 0 ? "nothing" : string.Join(", ", tensors.Select(tensor => $"'{InferTensor.Shown(tensor.Name)}'")))}.");
        }
    }

    private static byte[][] ElementsOf(InferTensor tensor, ServedModel model)
    {
        if (tensor.Data is not byte[][] elements)
            throw ServingException.BadRequest($"'{tensor.Name}' is of the type BYTES, not {tensor.Datatype}.");
        return elements.Length == 1 || model.Task is ModelTask.Classification or ModelTask.Text
            ? elements
            : throw ServingException.BadRequest($"The model takes one image a request, not {elements.Length}: the outputs of several have no common shape.");
    }

    private static IReadOnlyList<InputData> PixelsOf(InferTensor tensor, TensorInfo wanted, bool wantsEmbedding)
    {
        if (tensor.Data is not float[] values || tensor.Shape.Length != wanted.Shape.Length || !tensor.Shape.AsSpan(1).SequenceEqual(wanted.Shape.AsSpan(1)))
            throw ServingException.BadRequest($"'{tensor.Name}' is FP32 of the shape [{string.Join(", ", wanted.Shape)}], not {tensor.Datatype} of [{string.Join(", ", tensor.Shape)}].");
        if (tensor.Shape[0] == 0)
            return [];
        int length = values.Length / (int)tensor.Shape[0];
        return [.. Enumerable.Range(0, (int)tensor.Shape[0]).Select(i => new Pixels(values[(i * length)..((i + 1) * length)]) { WantsEmbedding = wantsEmbedding })];
    }

    private static IEnumerable<InferTensor> OutputsOf(ModelResult[] results)
    {
        switch (results[0])
        {
            case ClassScores first:
                ClassScores[] scores = [.. results.Cast<ClassScores>()];
                yield return Rows("probabilities", scores, score => score.Probabilities);
                if (first.Logits is not null)
                    yield return Rows("logits", scores, score => score.Logits!);
                if (first.Embedding is not null)
                    yield return Rows("embedding", scores, score => score.Embedding!);
                break;
            case PixelClasses pixels:
                LabelMap map = pixels.Result.Map;
                yield return new InferTensor("classes", "UINT8", [map.Height, map.Width], map.Values);
                break;
            case FoundObjects objects:
                ImageDetections found = objects.Found;
                yield return new InferTensor("boxes", "FP32", [found.Count, 4], found.Boxes.SelectMany(box => new[] { box.X1, box.Y1, box.X2, box.Y2 }).ToArray());
                yield return new InferTensor("scores", "FP32", [found.Count], found.Scores);
                yield return new InferTensor("labels", "INT64", [found.Count], found.Labels.Select(label => (long)label).ToArray());
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private static InferTensor Rows(string name, ClassScores[] scores, Func<ClassScores, float[]> values) =>
        new(name, "FP32", [scores.Length, values(scores[0]).Length], scores.SelectMany(values).ToArray());
}
