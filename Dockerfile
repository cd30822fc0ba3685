# The command line in an image without a shell, run by a user without rights:
#   docker build -t polaformer .
#   docker run --rm --read-only --tmpfs /tmp -v "$PWD:/work" polaformer predict photo.jpg
# SkiaSharp's library for images has no dependencies beyond the C library, so the smallest of the runtime's images will do.
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY . .
RUN dotnet publish src/PolaFormer.Cli -c Release -o /program -p:NuGetLockFilePath=obj/container.lock.json --use-current-runtime --self-contained false -p:PublishReadyToRun=true

FROM mcr.microsoft.com/dotnet/runtime:10.0-noble-chiseled
COPY --from=build /program /program
COPY --from=build /source/checkpoints /program/checkpoints
COPY --from=build /source/configs /program/configs
WORKDIR /work
# What is fetched from the hub.
ENV POLAFORMER_CACHE=/tmp/polaformer
USER $APP_UID
ENTRYPOINT ["dotnet", "/program/polaformer.dll"]
