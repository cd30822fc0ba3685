using System.Runtime.InteropServices;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Inference;
using PolaFormer.Pipelines;

namespace PolaFormer.Server.Tests;

/// <summary>A client that is generated from the published description of the protocol.</summary>
public sealed class GrpcTests(SharedServer shared) : IClassFixture<SharedServer>, IAsyncLifetime
{
    private GrpcChannel? _channel;

    private GRPCInferenceService.GRPCInferenceServiceClient Client => new(_channel);

    public ValueTask InitializeAsync()
    {
        _channel = GrpcChannel.ForAddress(shared.Server.GrpcAddress);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _channel!.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task ServerAndModelsTellOfThemselves()
    {
        Assert.True((await Client.ServerLiveAsync(new ServerLiveRequest())).Live);
        Assert.True((await Client.ServerReadyAsync(new ServerReadyRequest())).Ready);
        Assert.True((await Client.ModelReadyAsync(new ModelReadyRequest { Name = "cifar" })).Ready);
        Assert.False((await Client.ModelReadyAsync(new ModelReadyRequest { Name = "nothing" })).Ready);
        Assert.Equal("polaformer", (await Client.ServerMetadataAsync(new ServerMetadataRequest())).Name);
        ModelMetadataResponse metadata = await Client.ModelMetadataAsync(new ModelMetadataRequest { Name = "segmenter" });
        Assert.Equal("segmentation", metadata.Properties["task"]);
        Assert.Equal("UINT8", Assert.Single(metadata.Outputs).Datatype);
    }

    [Fact]
    public async Task AnImageIsAnsweredAsByTheLibrary()
    {
        var request = new ModelInferRequest
        {
            ModelName = "cifar",
            Id = "7",
            Inputs = { new ModelInferRequest.Types.InferInputTensor { Name = "image", Datatype = "BYTES", Shape = { 1 }, Contents = new InferTensorContents { BytesContents = { ByteString.CopyFrom(File.ReadAllBytes(Checkout.Photograph("cat"))) } } } },
        };
        ModelInferResponse response = await Client.ModelInferAsync(request);
        float[] probabilities = MemoryMarshal.Cast<byte, float>(response.RawOutputContents[0].Span).ToArray();
        Assert.Equal("7", response.Id);
        Assert.All(ImageClassifier.Load(Checkout.Classifier).Predict(Checkout.Photograph("cat"), top: 10), guess => Assert.Equal(guess.Probability, probabilities[guess.Index]));
    }

    [Fact]
    public async Task RawPixelsGiveTheOutputsThatAreAskedFor()
    {
        var request = new ModelInferRequest
        {
            ModelName = "cifar",
            Inputs = { new ModelInferRequest.Types.InferInputTensor { Name = "pixels", Datatype = "FP32", Shape = { 2, 32, 32, 3 } } },
            Outputs = { new ModelInferRequest.Types.InferRequestedOutputTensor { Name = "logits" } },
            RawInputContents = { ByteString.CopyFrom(new byte[2 * 32 * 32 * 3 * sizeof(float)]) },
        };
        ModelInferResponse response = await Client.ModelInferAsync(request);
        Assert.Equal([2, 10], Assert.Single(response.Outputs).Shape);
        Assert.Equal(80, Assert.Single(response.RawOutputContents).Length);
    }

    [Fact]
    public async Task FailuresHaveTheirStatus()
    {
        Assert.Equal(StatusCode.NotFound, await StatusOf(new ModelInferRequest { ModelName = "nothing" }));
        Assert.Equal(StatusCode.InvalidArgument, await StatusOf(new ModelInferRequest { ModelName = "cifar" }));
        Assert.Equal(StatusCode.InvalidArgument, await StatusOf(new ModelInferRequest
        {
            ModelName = "cifar",
            Inputs = { new ModelInferRequest.Types.InferInputTensor { Name = "image", Datatype = "BYTES", Shape = { 1 } } },
            RawInputContents = { ByteString.CopyFrom([200, 0, 0, 0, 1]) },
        }));
    }

    private async Task<StatusCode> StatusOf(ModelInferRequest request) => (await Assert.ThrowsAsync<RpcException>(async () => await Client.ModelInferAsync(request))).StatusCode;
}
