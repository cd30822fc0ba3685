using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.ML.OnnxRuntime;
using PolaFormer.Vision;
using PolaFormer.Vision.Transforms;

// The peer of the server: a minimal one on ONNX Runtime, as an engineer writes it first. The image is decoded and prepared by the same code as
// in ours, and every request is a run of the session, which has a thread for each processor.
// usage: PolaFormer.OnnxRuntimeServer FILE.onnx SIDE
string file = args[0];
int side = int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture);
using var options = new Microsoft.ML.OnnxRuntime.SessionOptions { GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL };
options.AddSessionConfigEntry("session.set_denormal_as_zero", "1");
using var session = new InferenceSession(file, options);
using var run = new RunOptions();
var transform = new EvalTransform(side);

WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
WebApplication server = builder.Build();
server.Urls.Add("http://127.0.0.1:0");
server.MapPost("/v1/predict", async (HttpContext context) =>
{
    using var body = new MemoryStream();
    await context.Request.Body.CopyToAsync(body, context.RequestAborted);
    float[] pixels = new float[side * side * Image.Channels], planes = new float[pixels.Length];
    using (Image image = ImageDecoder.Decode(body.GetBuffer().AsSpan(0, (int)body.Length), ImageDecodeOptions.Photograph))
        transform.Apply(image, pixels);
    for (int i = 0; i < side * side; i++)
    {
        for (int channel = 0; channel < Image.Channels; channel++)
            planes[(channel * side * side) + i] = pixels[(i * Image.Channels) + channel];
    }

    using OrtValue input = OrtValue.CreateTensorValueFromMemory(planes, [1, Image.Channels, side, side]);
    using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(run, session.InputNames, [input], session.OutputNames);
    float[] logits = outputs[0].GetTensorDataAsSpan<float>().ToArray();
    int best = Array.IndexOf(logits, logits.Max());
    return Results.Json(new { index = best, logit = logits[best] });
});
await server.StartAsync();
Console.WriteLine($"Ready on {server.Urls.First()}");
await server.WaitForShutdownAsync();
