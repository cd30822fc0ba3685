using System.Globalization;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using PolaFormer.Server.Http;
using PolaFormer.Server.Models;
using PolaFormer.Server.Protocol.Grpc;
using PolaFormer.Server.Repository;
using PolaFormer.Server.Telemetry;

namespace PolaFormer.Server.Protocol;

/// <summary>The Open Inference Protocol over gRPC.</summary>
internal sealed class GrpcInferenceService(ModelRepository repository, TensorInference inference, Readiness readiness, ServerOptions options) : GRPCInferenceService.GRPCInferenceServiceBase
{
    private const string Protocol = "grpc";

    /// <inheritdoc/>
    public override Task<ServerLiveResponse> ServerLive(ServerLiveRequest request, ServerCallContext context) => Task.FromResult(new ServerLiveResponse { Live = true });

    /// <inheritdoc/>
    public override Task<ServerReadyResponse> ServerReady(ServerReadyRequest request, ServerCallContext context) => Task.FromResult(new ServerReadyResponse { Ready = readiness.IsReady });

    /// <inheritdoc/>
    public override Task<ModelReadyResponse> ModelReady(ModelReadyRequest request, ServerCallContext context) =>
        Task.FromResult(new ModelReadyResponse { Ready = repository.IsReady(request.Name) });

    /// <inheritdoc/>
    public override Task<ServerMetadataResponse> ServerMetadata(ServerMetadataRequest request, ServerCallContext context) =>
        Task.FromResult(new ServerMetadataResponse { Name = "polaformer", Version = BuildInformation.Version, Extensions = { OpenInferenceEndpoints.Extensions } });

    /// <inheritdoc/>
    public override Task<ModelMetadataResponse> ModelMetadata(ModelMetadataRequest request, ServerCallContext context)
    {
        using ModelLease lease = Answered(() => repository.Acquire(request.Name, request.Version));
        LoadedModel model = lease.Model;
        return Task.FromResult(new ModelMetadataResponse
        {
            Name = model.Name,
            Versions = { model.Version },
            Platform = "polaformer",
            Inputs = { model.Model.Inputs.Select(Shown) },
            Outputs = { model.Model.Outputs.Select(Shown) },
            Properties = { ["task"] = model.Model.Task.ToString().ToLowerInvariant(), ["architecture"] = model.Model.Architecture },
        });

        static ModelMetadataResponse.Types.TensorMetadata Shown(TensorInfo tensor) => new() { Name = tensor.Name, Datatype = tensor.Datatype, Shape = { tensor.Shape } };
    }

    /// <inheritdoc/>
    public override async Task<ModelInferResponse> ModelInfer(ModelInferRequest request, ServerCallContext context)
    {
        using ModelLease lease = Answered(() => repository.Acquire(request.ModelName, request.ModelVersion));
        int status = StatusCodes.Status200OK;
        try
        {
            IReadOnlyList<InferTensor> outputs = await inference.RunAsync(lease.Model, Read(request, context), context.CancellationToken);
            return new ModelInferResponse
            {
                ModelName = lease.Model.Name,
                ModelVersion = lease.Model.Version,
                Id = request.Id,
                Outputs = { outputs.Select(output => new ModelInferResponse.Types.InferOutputTensor { Name = output.Name, Datatype = output.Datatype, Shape = { output.Shape } }) },
                RawOutputContents = { outputs.Select(output => UnsafeByteOperations.UnsafeWrap(output.ToBytes())) },
            };
        }
        catch (Exception error)
        {
            status = ServingException.StatusOf(error);
            if (error is ServingException known)
                throw StatusOf(known);
            throw;
        }
        finally
        {
            lease.Model.Meter.Ended(Protocol, status);
        }
    }

    /// <inheritdoc/>
    public override Task<RepositoryIndexResponse> RepositoryIndex(RepositoryIndexRequest request, ServerCallContext context) => Task.FromResult(new RepositoryIndexResponse
    {
        Models =
        {
            repository.Index().Where(model => !request.Ready || model.State == ModelStatus.Ready)
                .Select(model => new RepositoryIndexResponse.Types.ModelIndex { Name = model.Name, Version = model.Version, State = model.State, Reason = model.Reason }),
        },
    });

    /// <inheritdoc/>
    public override async Task<RepositoryModelLoadResponse> RepositoryModelLoad(RepositoryModelLoadRequest request, ServerCallContext context)
    {
        await ControlAsync(() => repository.LoadAsync(request.ModelName));
        return new RepositoryModelLoadResponse();
    }

    /// <inheritdoc/>
    public override async Task<RepositoryModelUnloadResponse> RepositoryModelUnload(RepositoryModelUnloadRequest request, ServerCallContext context)
    {
        await ControlAsync(() => repository.UnloadAsync(request.ModelName));
        return new RepositoryModelUnloadResponse();
    }

    private async Task ControlAsync(Func<Task> change)
    {
        try
        {
            OpenInferenceEndpoints.RequireControl(options);
            await change();
        }
        catch (ServingException error)
        {
            throw StatusOf(error);
        }
    }

    private static T Answered<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (ServingException error)
        {
            throw StatusOf(error);
        }
    }

    private static InferRequest Read(ModelInferRequest request, ServerCallContext context)
    {
        bool isRaw = request.RawInputContents.Count > 0;
        if (isRaw && request.RawInputContents.Count != request.Inputs.Count)
            throw ServingException.BadRequest($"There are {request.Inputs.Count} inputs and {request.RawInputContents.Count} raw contents.");
        TimeSpan? timeout = context.Deadline == DateTime.MaxValue ? null : context.Deadline - DateTime.UtcNow;
        if (request.Parameters.TryGetValue("timeout", out InferParameter? microseconds))
        {
            TimeSpan asked = InferJson.TimeoutOf(microseconds.Int64Param);
            timeout = timeout < asked ? timeout : asked;
        }

        return new InferRequest(
            [.. request.Inputs.Select((input, i) => isRaw ? InferTensor.FromBytes(input.Name, input.Datatype, [.. input.Shape], request.RawInputContents[i].Span) : FromContents(input))],
            [.. request.Outputs.Select(output => new RequestedOutput(output.Name, null))])
        {
            Id = request.Id,
            Timeout = timeout,
        };
    }

    private static InferTensor FromContents(ModelInferRequest.Types.InferInputTensor input)
    {
        int count = InferTensor.CountOf(input.Name, input.Shape);
        InferTensorContents contents = input.Contents ?? new InferTensorContents();
        Array data = input.Datatype switch
        {
            "FP32" => contents.Fp32Contents.ToArray(),
            "UINT8" => contents.UintContents.Select(value => value <= byte.MaxValue ? (byte)value : throw ServingException.BadRequest("An element of UINT8 is larger than 255.")).ToArray(),
            "BYTES" => contents.BytesContents.Select(element => element.ToByteArray()).ToArray(),
            _ => throw ServingException.BadRequest($"The type {InferTensor.Shown(input.Datatype)} of '{InferTensor.Shown(input.Name)}' is not taken; send FP32, UINT8 or BYTES."),
        };
        return data.Length == count
            ? new InferTensor(input.Name, input.Datatype, [.. input.Shape], data)
            : throw ServingException.BadRequest($"'{InferTensor.Shown(input.Name)}' has {data.Length} elements, and its shape asks for {count}.");
    }

    private static RpcException StatusOf(ServingException error)
    {
        StatusCode code = error.Status switch
        {
            StatusCodes.Status400BadRequest or StatusCodes.Status422UnprocessableEntity or StatusCodes.Status413PayloadTooLarge => StatusCode.InvalidArgument,
            StatusCodes.Status403Forbidden => StatusCode.PermissionDenied,
            StatusCodes.Status404NotFound => StatusCode.NotFound,
            StatusCodes.Status429TooManyRequests => StatusCode.ResourceExhausted,
            StatusCodes.Status503ServiceUnavailable => StatusCode.Unavailable,
            StatusCodes.Status504GatewayTimeout => StatusCode.DeadlineExceeded,
            _ => StatusCode.Internal,
        };
        var trailers = new Metadata();

        // When to ask again, in the form that gRPC's clients obey.
        if (error.RetryAfter is { } time)
            trailers.Add("grpc-retry-pushback-ms", ((long)time.TotalMilliseconds).ToString(CultureInfo.InvariantCulture));
        return new RpcException(new Status(code, error.Message), trailers);
    }
}
